package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalException;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The gate's quarantine for a person at a terminal; every subcommand is one call of the gate's HTTP API. */
@Command(name = "quarantine", description = "Shows and decides about tables whose records are parked; and with 'documents' about documents that an index refused.", mixinStandardHelpOptions = true, subcommands = DocumentQuarantineCommand.class)
final class QuarantineCommand implements Runnable {

    private static final String ROW = "%-40s %-10s %12s %12s %-10s  %s%n";

    private static final Pattern NAMED = Pattern.compile("[^.]+\\.[^.]+\\..+");

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new UsageException("Say what to do: list, show, accept, replay, hold, discard, or documents");
    }

    /** A table as the gate names it. */
    private static final class Table implements ITypeConverter<String> {

        @Override
        public String convert(String typed) {
            if (!NAMED.matcher(typed).matches()) {
                throw new TypeConversionException("a table of the quarantine is named source.schema.table; '" + typed + "' is not");
            }
            return typed;
        }
    }

    /** What is asked of whoever changes something. */
    static final class Decision {

        @Parameters(paramLabel = "TABLE", converter = Table.class, description = "As 'quarantine list' names it: source.schema.table.")
        private String table;
        @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why; kept in the gate's audit.")
        private String reason;
        @Option(names = "--by", paramLabel = "NAME", defaultValue = "${sys:user.name}", description = "Who; kept in the gate's audit. Default: ${DEFAULT-VALUE}.")
        private String by;

        private Map<String, Object> body() {
            return new LinkedHashMap<>(Map.of("reason", reason, "by", by));
        }
    }

    @Command(name = "list", description = "Every table that does not flow in full.", mixinStandardHelpOptions = true)
    int list(@Mixin GateCall gate) throws IOException, InterruptedException {
        var tables = gate.get("/quarantine");
        if (!printed(gate, tables)) {
            if (tables.isEmpty()) {
                line("Nothing is parked.");
            } else {
                var out = spec.commandLine().getOut();
                out.printf(ROW, "table", "state", "records", "refused", "oldest", "reason");
                tables.forEach(t -> out.printf(ROW, t.path("table").asText(), t.path("state").asText(), number(t, "records"), number(t, "refused"), age(t.path("oldest")), reason(t)));
                out.println("'quarantine show TABLE' says what exactly is wrong.");
                out.flush();
            }
        }
        return 0;
    }

    @Command(name = "show", description = "One table: what parked it, and what stands in its quarantine.", mixinStandardHelpOptions = true)
    int show(@Mixin GateCall gate, @Parameters(paramLabel = "TABLE", converter = Table.class, description = "source.schema.table") String table) throws IOException, InterruptedException {
        var found = gate.get(at(table));
        if (!printed(gate, found)) {
            show(found, spec.commandLine().getOut());
        }
        return 0;
    }

    @Command(name = "accept", description = "Lets pass what parked the table: the refused schema, the rows that break a row rule and are queued now, or what takes away more rows than the file's hold. The rule is lifted for this one time.",
            mixinStandardHelpOptions = true)
    int accept(@Mixin GateCall gate, @Mixin Decision decision,
            @Option(names = "--reread", description = "Also has capture read the table again while all changes flow on, for its rows of before keep their old values otherwise.") boolean reread,
            @Option(names = "--capture-url", paramLabel = "URL", converter = HttpAddress.class, description = "Capture's address. Default: that of the stack which runs on the data folder.") String captureUrl) throws IOException, InterruptedException {
        var named = decision.table.split("\\.", 2);
        var capture = new CaptureCall(gate, captureUrl);
        var answer = gate.post(at(decision.table) + "/accept", decision.body());
        if (!printed(gate, answer)) {
            line(answer.path("message").asText());
            next(gate, decision.table, "replay", " --reason TEXT");
        }
        if (reread) {
            say(gate, "It is read again, about %s, while the stream goes on; %s tells how far that is.".formatted(Counted.of(capture.reread(named[0], named[1]), "row"), capture.command("resnapshot " + named[0])));
        } else if (answer.path("oldRows").asBoolean() && !gate.json()) {
            line("About %s rows stand in it. %s has them read again while the stream goes on, as '--reread' does here.".formatted(estimate(capture, named), capture.command("resnapshot " + named[0] + " " + named[1])));
        }
        return 0;
    }

    private static String estimate(CaptureCall capture, String[] named) throws IOException, InterruptedException {
        try {
            return "%,d".formatted(capture.estimate(named[0], named[1]));
        } catch (LocalException e) {
            return "(capture did not say how many)";
        }
    }

    @Command(name = "replay", description = "Lets the queued records through in order; the table flows when none is left.", mixinStandardHelpOptions = true)
    int replay(@Mixin GateCall gate, @Mixin Decision decision) throws IOException, InterruptedException {
        post(gate, decision.table, "replay", decision.body());
        next(gate, decision.table, "show", "");
        return 0;
    }

    @Command(name = "hold", description = "Parks a table, or interrupts its replay; a later replay goes on where it stopped.", mixinStandardHelpOptions = true)
    int hold(@Mixin GateCall gate, @Mixin Decision decision) throws IOException, InterruptedException {
        post(gate, decision.table, "hold", decision.body());
        next(gate, decision.table, "replay", " --reason TEXT");
        return 0;
    }

    @Command(name = "discard", description = "Loses queued records for good, as many as 'show' has counted, and replays the rest.", mixinStandardHelpOptions = true)
    int discard(@Mixin GateCall gate, @Mixin Decision decision,
            @Within(of = "how many records", from = 0) @Option(names = "--count", required = true, paramLabel = "N", description = "How many are lost; another number than the present one is refused.") long count,
            @Option(names = "--refused", description = "Only those that were refused for what they are, not those that queue behind.") boolean refused,
            @Option(names = "--missing", description = "Those that are gone though nobody decided so: gives them up, and replays the rest.") boolean missing) throws IOException, InterruptedException {
        if (refused && missing) {
            throw new UsageException("--refused and --missing are two decisions: discard the one, then the other");
        }
        var body = decision.body();
        body.put("count", count);
        body.put("which", missing ? "MISSING" : refused ? "REFUSED" : "ALL");
        // The gate discards what it has shown as that count: it has to look now.
        gate.get(at(decision.table));
        post(gate, decision.table, "discard", body);
        return 0;
    }

    /** What a person may want to do then, as it is typed. */
    private void next(GateCall gate, String table, String action, String more) {
        if (!gate.json()) {
            line("Next: " + gate.command("quarantine " + action + " " + table) + more);
        }
    }

    private void post(GateCall gate, String table, String action, Map<String, Object> body) throws IOException, InterruptedException {
        var answer = gate.post(at(table) + "/" + action, body);
        if (!printed(gate, answer)) {
            line(answer.path("message").asText());
        }
    }

    private static String at(String table) {
        return "/quarantine/" + StageCall.encoded(table);
    }

    private boolean printed(GateCall gate, JsonNode answer) throws IOException {
        if (gate.json()) {
            line(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(answer));
        }
        return gate.json();
    }

    /** Where the answer is for a program, what is for a person goes beside it. */
    private void say(GateCall gate, String text) {
        if (gate.json()) {
            spec.commandLine().getErr().println(text);
            spec.commandLine().getErr().flush();
        } else {
            line(text);
        }
    }

    private void line(String text) {
        spec.commandLine().getOut().println(text);
        spec.commandLine().getOut().flush();
    }

    private static void show(JsonNode table, PrintWriter out) {
        var cause = table.path("cause");
        out.printf("%s is %s%n", table.path("table").asText(), table.path("state").asText());
        field(out, "records", number(table, "records") + ", of which " + number(table, "refused") + " were refused for what they are; the others queue behind");
        var reasons = new ArrayList<String>();
        table.path("reasons").properties().forEach(e -> reasons.add("%s %,d".formatted(e.getKey(), e.getValue().asLong())));
        field(out, "reasons", String.join(", ", reasons) + (table.path("lookedAt").asLong() < table.path("records").asLong() ? " (of the first " + number(table, "lookedAt") + ")" : ""));
        field(out, "oldest", text(table.path("oldest")));
        if (table.path("missing").asLong() > 0) {
            field(out, "missing", Counted.of(table.path("missing").asLong(), "record is", "records are") + " gone though nobody discarded them: read the table anew, then 'quarantine discard --missing --count " + table.path("missing").asLong() + "'");
            table.path("gaps").forEach(g -> field(out, "", "partition %s, offsets %s to %d".formatted(text(g.path("partition")), text(g.path("from")), g.path("to").asLong() - 1)));
        }
        if (table.path("undeleted").asLong() > 0) {
            field(out, "undeleted", Counted.of(table.path("undeleted").asLong(), "record is", "records are") + " replayed or discarded, with a copy that is still to be deleted; the gate's health says why");
        }
        field(out, "parked by", text(cause.path("reason")) + ", at " + text(cause.path("at")));
        field(out, "", text(cause.path("detail")));
        field(out, "rule", text(cause.path("rule")));
        field(out, "subject", text(cause.path("subject")));
        field(out, "schema", text(cause.path("schemaId")));
        cause.path("difference").forEach(d -> field(out, "difference", text(d.path("field")) + ": was " + or(d.path("was"), "absent") + ", is " + or(d.path("is"), "absent")));
        if (!text(cause.path("topic")).isEmpty()) {
            field(out, "record", text(cause.path("topic")) + ", partition " + text(cause.path("partition")) + ", offset " + text(cause.path("offset")));
        }
        field(out, "position", text(cause.path("position")));
        field(out, "trace", text(cause.path("traceparent")));
        out.flush();
    }

    private static void field(PrintWriter out, String name, String value) {
        if (!value.isEmpty()) {
            out.printf("  %-12s %s%n", name, value);
        }
    }

    private static String text(JsonNode value) {
        return value.isMissingNode() || value.isNull() ? "" : value.asText();
    }

    private static String or(JsonNode value, String otherwise) {
        return text(value).isEmpty() ? otherwise : text(value);
    }

    private static String number(JsonNode of, String name) {
        return "%,d".formatted(of.path(name).asLong());
    }

    private static String reason(JsonNode table) {
        var cause = table.path("cause");
        var differences = new ArrayList<String>();
        cause.path("difference").forEach(d -> differences.add(text(d.path("field"))));
        return text(cause.path("reason")) + (differences.isEmpty() ? "" : " (" + String.join(", ", differences) + ")");
    }

    /** How long ago, roughly. */
    private static String age(JsonNode instant) {
        if (text(instant).isEmpty()) {
            return "";
        }
        var age = Duration.between(Instant.parse(instant.asText()), Instant.now());
        return age.toDays() > 0 ? age.toDays() + " d" : age.toHours() > 0 ? age.toHours() + " h" : age.toMinutes() > 0 ? age.toMinutes() + " min" : Math.max(0, age.toSeconds()) + " s";
    }
}
