package io.millrace.launcher;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.StackFile;
import io.millrace.launcher.status.StatusReport;
import io.millrace.launcher.status.StatusReport.ProcessStatus;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "status", description = "Shows each process: state with the reason, rate, lag, commit-to-stage latency; and before them what needs a person. Exit code 0 when all are up and nothing needs a person, 3 when not.", mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {

    private static final int NEEDS_A_PERSON = 3;
    private static final String UNKNOWN = "–";
    /** Clears a terminal and goes to its upper left corner. */
    private static final String CLEAR = "\033[2J\033[H";
    private static final String ROW = "%-13s %-9s %9s %9s %9s %9s %8s %8s %9s  %s%n";

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;
    @Option(names = "--json", description = "For programs: every address, port, pid, state and figure.")
    private boolean json;
    @Within(of = "seconds", from = 1)
    @Option(names = "--watch", arity = "0..1", fallbackValue = "2", paramLabel = "SECONDS", description = "Look again every so many seconds, until Ctrl-C. Default: ${FALLBACK-VALUE}. With --json a line for each look.")
    private Integer every;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (every == null) {
            return look(spec.commandLine().getOut());
        }
        return watch(spec.commandLine().getOut());
    }

    /** @return the last look's exit code, once it is interrupted */
    private int watch(PrintWriter out) throws IOException {
        int code = NEEDS_A_PERSON;
        try {
            while (true) {
                var page = new StringWriter();
                code = look(new PrintWriter(page, true));
                out.print((json ? "" : isTerminal() ? CLEAR : "\n") + page);
                out.flush();
                Thread.sleep(Duration.ofSeconds(every));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return code;
        }
    }

    private static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }

    /** @return the exit code */
    private int look(PrintWriter out) throws IOException, InterruptedException {
        var file = StackFile.read(data.path());
        if (file.isEmpty()) {
            out.println(json ? "{\"state\":\"stopped\",\"processes\":[]}" : "Nothing has run on " + data.path() + " yet. Start it with " + data.command("up"));
            out.flush();
            return NEEDS_A_PERSON;
        }
        var report = StatusReport.of(file.get(), data.supervisor().isPresent());
        if (json) {
            var mapper = new JsonMapper();
            out.println(every == null ? mapper.writerWithDefaultPrettyPrinter().writeValueAsString(report) : mapper.writeValueAsString(report));
        } else {
            print(report, out);
        }
        out.flush();
        return report.state().equals("ready") && report.needs().isEmpty() ? 0 : NEEDS_A_PERSON;
    }

    private void print(StatusReport report, PrintWriter out) {
        out.printf("Millrace is %s%s, data in %s%n", report.state(), report.supervisor() == null ? "" : " (supervisor " + report.supervisor() + ")", report.data());
        if (report.state().equals("stopped")) {
            out.println("Start it with " + data.command("up"));
            return;
        }
        needs(report, out);
        out.printf(ROW, "process", "state", "records/s", "lag", "p50 ms", "p99 ms", "MiB", "pid", "restarts", "address");
        for (var p : report.processes()) {
            out.printf(ROW, p.name(), p.state(), number(p.recordsPerSecond()), number(p.lagRecords()), millis(p.p50Seconds()), millis(p.p99Seconds()),
                    p.memoryBytes() == null ? "" : p.memoryBytes() >> 20, p.pid() == null ? "" : p.pid(), p.restarts() == 0 ? "" : p.restarts(), p.address());
            if (!p.reason().isEmpty() && report.needs().stream().noneMatch(need -> need.about().equals(p.name()))) {
                out.printf("              %s%n", p.reason());
            }
        }
        long memory = report.processes().stream().mapToLong(p -> p.memoryBytes() == null ? 0 : p.memoryBytes()).sum();
        out.printf("p50 and p99: from the commit in Postgres to the end of the stage, by the documents of the slowest pipeline's index. Memory in all: %,d MiB%n", memory >> 20);
        if (report.reading() != null) {
            var reading = report.reading();
            out.printf("%-13s has about %s of tables left to read%s%n", "capture", Counted.of(reading.rows(), "row"), reading.secondsLeft() == null ? "" : ", %,d rows/s, %,d s left".formatted(reading.rowsPerSecond(), reading.secondsLeft()));
        }
        report.slots().forEach((slot, bytes) -> out.printf("%-13s keeps %,d MiB of WAL in the source%s%n", slot, bytes >> 20,
                report.budgets().containsKey(slot) ? ", and its file allows %,d".formatted(report.budgets().get(slot) >> 20) : ""));
        if (report.spreading() > 0) {
            out.printf("%-13s is spreading %s over documents%n", "denormalizer", Counted.of(report.spreading(), "look-up, truncate or added field", "look-ups, truncates or added fields"));
        }
        report.building().forEach(pipeline -> out.printf("%-13s builds another index beside the one that serves; how far it is: %s%n", pipeline, data.command("generations " + pipeline)));
        report.holding().forEach(pipeline -> out.printf("%-13s holds another index beside the one that serves; which one: %s%n", pipeline, data.command("generations " + pipeline)));
        report.documents().forEach((index, count) -> out.printf("%-13s %s%n", index, count == null ? UNKNOWN + " documents" : Counted.of(count, "document")));
        report.differences().forEach((pipeline, count) -> out.printf("%-13s %s%s%n", pipeline, count == 0 ? "agreed with the database when it was last verified" : "differed from the database when it was last verified", ago(report.verified().get(pipeline))));
    }

    /** First what somebody who was woken has come for. */
    private void needs(StatusReport report, PrintWriter out) {
        if (report.needs().isEmpty()) {
            out.println(report.state().equals("ready") ? "Nothing needs a person" : "Nothing needs a person so far");
            return;
        }
        out.println("Needs a person:");
        report.needs().forEach(need -> out.printf("  %s %s%n      %s%n", need.about(), need.what(), data.command(need.command())));
    }

    /** @param instant seconds since the Unix epoch; null where it is not known */
    private static String ago(Long instant) {
        if (instant == null) {
            return "";
        }
        var age = Duration.between(Instant.ofEpochSecond(instant), Instant.now());
        return ", " + (age.toDays() > 0 ? Counted.of(age.toDays(), "day") : age.toHours() > 0 ? age.toHours() + " h" : Math.max(0, age.toMinutes()) + " min") + " ago";
    }

    private static String number(Number value) {
        return value == null ? UNKNOWN : "%,d".formatted(Math.round(value.doubleValue()));
    }

    private static String millis(Double seconds) {
        return seconds == null ? UNKNOWN : "%.1f".formatted(seconds * 1000);
    }
}
