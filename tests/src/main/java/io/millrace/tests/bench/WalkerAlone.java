package io.millrace.tests.bench;

import io.millrace.gate.avro.AvroProgram;
import io.millrace.gate.avro.AvroWalker;
import io.millrace.gate.rule.RuleSet;
import io.millrace.gate.rule.Scratch;
import io.millrace.pipeline.file.RowRule;
import io.millrace.pipeline.record.WireFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The structural walk without Kafka: what one core does when it does nothing else. */
final class WalkerAlone {

    private static final int DIFFERENT_ROWS = 10_000;
    private static final List<RowRule> RULES = List.of(
            new RowRule("name", true, null, null, null, List.of(), 200, RowRule.Breach.QUARANTINE),
            new RowRule("status", false, null, null, null, List.of("ok", "alert", "warning", "no_data"), null, RowRule.Breach.QUARANTINE),
            new RowRule("priority", false, "1", "5", null, List.of(), null, RowRule.Breach.QUARANTINE),
            new RowRule("weight", false, "0", "1", null, List.of(), null, RowRule.Breach.COUNT));
    private static final RowRule PATTERN = new RowRule("name", false, null, null, "[A-Z][a-z ]+[0-9]*", List.of(), null, RowRule.Breach.COUNT);

    /**
     * @param rowsPerSecond of one thread's processor time, median of the windows
     * @param bytes of a row, mean
     */
    record Result(String what, double rowsPerSecond, double nanosPerRow, double bytes) {}

    private WalkerAlone() {}

    static List<Result> run() {
        var patterned = new ArrayList<>(RULES);
        patterned.add(PATTERN);
        return List.of(measure("walk", List.of()), measure("walk with 4 row rules", RULES), measure("walk with these and a pattern", patterned));
    }

    private static Result measure(String what, List<RowRule> wanted) {
        var rows = GateRows.values(DIFFERENT_ROWS, 1);
        var rules = RuleSet.of(wanted, GateRows.VALUE);
        var program = AvroProgram.of(GateRows.VALUE, rules.fields());
        var walker = new AvroWalker(true);
        var scratch = new Scratch();
        double nanos = OneThread.nanos(() -> pass(rows, program, rules, walker, scratch));
        return new Result(what, 1e9 / nanos, nanos, Arrays.stream(rows).mapToInt(r -> r.length).average().orElse(0));
    }

    private static int pass(byte[][] rows, AvroProgram program, RuleSet rules, AvroWalker walker, Scratch scratch) {
        for (var row : rows) {
            if (!walker.walk(program, row, WireFormat.PREFIX)) {
                throw new IllegalStateException("A good row is refused: " + walker.fault());
            }
            rules.judge(row, walker, scratch, (constraint, kind) -> {
                throw new IllegalStateException("A good row breaks " + constraint + ": " + kind);
            });
        }
        return rows.length;
    }

    static void print(List<Result> results) {
        System.out.printf("%nThe walk alone, one thread, rows of %.0f bytes and ten columns%n", results.getFirst().bytes());
        results.forEach(r -> System.out.printf("  %-44s %,12.0f rows/s of one core, %6.0f ns a row%n", r.what(), r.rowsPerSecond(), r.nanosPerRow()));
    }
}
