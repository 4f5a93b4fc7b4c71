package io.millrace.launcher;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.StackFile;
import io.millrace.launcher.status.StatusReport;
import io.millrace.launcher.status.StatusReport.ProcessStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "status", description = "Shows each process: state with the reason, rate, lag, commit-to-stage latency. Exit code 0 when all are up, 3 when not.", mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {

    private static final int NOT_ALL_UP = 3;
    private static final String UNKNOWN = "–";
    private static final String ROW = "%-13s %-9s %9s %9s %9s %9s %8s %8s %9s  %s%n";

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;
    @Option(names = "--json", description = "For programs: every address, port, pid, state and figure.")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var out = spec.commandLine().getOut();
        var file = StackFile.read(data.path());
        if (file.isEmpty()) {
            out.println(json ? "{\"state\":\"stopped\",\"processes\":[]}" : "Nothing has run on " + data.path() + " yet. Start it with " + data.command("up"));
            out.flush();
            return NOT_ALL_UP;
        }
        var report = StatusReport.of(file.get(), data.supervisor().isPresent());
        if (json) {
            out.println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report));
        } else {
            print(report, out);
            if (report.state().equals("unsupervised")) {
                out.println("Their supervisor is gone, so nothing that ends is started again. " + data.command("up") + " takes over, " + data.command("down") + " stops them");
            }
        }
        out.flush();
        return report.state().equals("ready") && report.processes().stream().allMatch(p -> p.state().equals("up")) ? 0 : NOT_ALL_UP;
    }

    private static void print(StatusReport report, PrintWriter out) {
        out.printf("Millrace is %s%s, data in %s%n", report.state(), report.supervisor() == null ? "" : " (supervisor " + report.supervisor() + ")", report.data());
        out.printf(ROW, "process", "state", "records/s", "lag", "p50 ms", "p99 ms", "MiB", "pid", "restarts", "address");
        for (var p : report.processes()) {
            out.printf(ROW, p.name(), p.state(), number(p.recordsPerSecond()), number(p.lagRecords()), millis(p.p50Seconds()), millis(p.p99Seconds()),
                    p.memoryBytes() == null ? "" : p.memoryBytes() >> 20, p.pid() == null ? "" : p.pid(), p.restarts() == 0 ? "" : p.restarts(), p.address());
            if (!p.reason().isEmpty()) {
                out.printf("              %s%n", reason(p));
            }
        }
        long memory = report.processes().stream().mapToLong(p -> p.memoryBytes() == null ? 0 : p.memoryBytes()).sum();
        out.printf("p50 and p99: from the commit in Postgres to the end of the stage, slowest table or pipeline. Memory in all: %,d MiB%n", memory >> 20);
        report.retention().forEach((service, percent) -> out.printf("%-13s has used %d %% of the time for which Kafka keeps what it has not read; its /q/health/ready names the partitions%n", service, percent));
        if (report.reading() != null) {
            var reading = report.reading();
            out.printf("%-13s has about %,d rows of tables left to read%s%n", "capture", reading.rows(), reading.secondsLeft() == null ? "" : ", %,d rows/s, %,d s left".formatted(reading.rowsPerSecond(), reading.secondsLeft()));
        }
        report.documents().forEach((index, count) -> out.printf("%-13s %s documents%n", index, count == null ? UNKNOWN : "%,d".formatted(count)));
        report.differences().forEach((pipeline, count) -> out.printf("%-13s %s%n", pipeline, count == 0 ? "agreed with the database when it was last verified" : "%,d documents differed from the database when it was last verified".formatted(count)));
        report.held().forEach((pipeline, count) -> out.printf("%-13s %,d documents would leave by time and wait for a person's word; ./millrace retention %s shows them%n", pipeline, count, pipeline));
    }

    private static String reason(ProcessStatus process) {
        return process.state().equals("down") ? process.reason() + "; its log: " + process.log() : process.reason();
    }

    private static String number(Number value) {
        return value == null ? UNKNOWN : "%,d".formatted(Math.round(value.doubleValue()));
    }

    private static String millis(Double seconds) {
        return seconds == null ? UNKNOWN : "%.1f".formatted(seconds * 1000);
    }
}
