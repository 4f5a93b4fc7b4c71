package io.millrace.launcher;

import io.millrace.check.Baseline;
import io.millrace.check.Baselines;
import io.millrace.check.CheckException;
import io.millrace.check.CheckRequest;
import io.millrace.check.Finding.Cost;
import io.millrace.check.Level;
import io.millrace.check.MigrationCheck;
import io.millrace.check.Report;
import io.millrace.check.report.Format;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Migrations;
import io.millrace.launcher.scratch.EmbeddedScratch;
import io.millrace.launcher.scratch.TimeLimit;
import io.millrace.local.LocalException;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Unreadable;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "check", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Says what SQL migrations would do to replication, by running them in a scratch database.",
            "Exit code 0: nothing at or above --fail-on. 1: something is. 2: it could not be checked."})
final class CheckCommand implements Callable<Integer> {

    private static final int FOUND = 1;
    private static final int NOT_CHECKED = 2;

    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "MIGRATION", arity = "1..*", description = "SQL files, or folders of them: plain, with Flyway's names, or formatted for Liquibase.")
    private List<Path> migrations;
    @Option(names = "--pipeline", required = true, paramLabel = "FILE", description = "Pipeline file, or a folder of them; all of one source.")
    private List<Path> pipelines;
    @Option(names = "--baseline", required = true, paramLabel = "WHAT",
            description = "The schema before the migrations: a dump (pg_dump --schema-only), a folder of earlier migrations, the URL of a database, which is only read, or the word none.")
    private String baseline;
    @Option(names = "--rows", paramLabel = "TABLE=ROWS[:BYTES]", description = "How many rows, and bytes, a table has in production. A file of such lines: --rows @FILE. A live baseline brings its own.")
    private List<String> rows = List.of();
    @Within(of = "how many rows", from = 1)
    @Option(names = "--mass-rows", paramLabel = "N", defaultValue = "" + CheckRequest.MASS_ROWS, description = "From how many rows on a write or rewrite is reported. Default: ${DEFAULT-VALUE}.")
    private long massRows;
    @Option(names = "--registry", paramLabel = "URL", converter = HttpAddress.class, description = "The registry's core API v3, e.g. http://localhost:18081/apis/registry/v3; nothing is written to it. As whom it is asked is said by MILLRACE_REGISTRY_USER, MILLRACE_REGISTRY_PASSWORD_FILE and the like. Without it the rules are evaluated locally.")
    private String registry;
    @Option(names = "--scratch", paramLabel = "URL", description = "An empty database of a superuser's on a Postgres of its own. Without it one is started for the check.")
    private String scratch;
    @Option(names = "--role", paramLabel = "NAME", description = "The replicating role. Default: what the pipeline files refer to, or millrace.")
    private String role;
    @Option(names = "--placeholder", paramLabel = "NAME=VALUE", description = "Value of a Flyway placeholder.")
    private Map<String, String> placeholders = Map.of();
    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "TEXT", description = "text, json, sarif, junit or github. Default: text.")
    private Format format;
    @Option(names = "--output", paramLabel = "FILE", description = "Where to write the report. Default: standard output.")
    private Path output;
    @Within(of = "seconds", from = 1)
    @Option(names = "--time-limit", paramLabel = "DURATION", defaultValue = "PT10M", description = "How long it may take, as ISO 8601 writes it; what runs then is ended. Default: ${DEFAULT-VALUE}.")
    private Duration timeLimit;
    @Option(names = "--require-sandbox", description = "Check nothing where this machine lets the scratch server have no sandbox; without this it is said, and checked all the same.")
    private boolean requireSandbox;
    @Option(names = "--fail-on", paramLabel = "LEVEL", defaultValue = "COORDINATION", description = "breaks, coordination, wal or fine. Default: coordination.")
    private Level failOn;

    @Override
    public Integer call() {
        var err = spec.commandLine().getErr();
        try (var progress = new ProgressLine(err)) {
            var report = check(progress::say);
            progress.close();
            write(format.write(report, failOn));
            return report.atLeast(failOn).isEmpty() ? 0 : FOUND;
        } catch (CheckException | InvalidPipelineException | LocalException e) {
            err.println(e.getMessage());
            err.flush();
            return NOT_CHECKED;
        }
    }

    private Report check(Consumer<String> progress) {
        var files = pipelines();
        var ordered = Migrations.read(migrations, placeholders);
        var request = new CheckRequest(files, baseline.equals("none") ? Baseline.NOTHING : Baselines.of(baseline), role, counts(), registry(), massRows);
        try (var place = scratch == null ? EmbeddedScratch.start(DataFolder.home().resolve(".millrace"), requireSandbox, progress) : null;
                var server = place == null ? ScratchServer.open(scratch, null, null, progress) : place.open(progress);
                var limit = TimeLimit.start(timeLimit, place == null ? server::endSessions : place::close)) {
            return judge(server, request, ordered, limit, progress);
        }
    }

    private Report judge(ScratchServer server, CheckRequest request, List<Migration> ordered, TimeLimit limit, Consumer<String> progress) {
        try (var check = MigrationCheck.prepare(server, request, progress)) {
            return check.judge(ordered);
        } catch (CheckException e) {
            throw limit.hasPassed() ? new CheckException("The check was ended after " + timeLimit.toSeconds() + " s (--time-limit); check fewer migrations at once, or give it more time", e) : e;
        }
    }

    /** Null where the rules are evaluated locally. */
    private CheckRequest.Registry registry() {
        try {
            return registry == null ? null : new CheckRequest.Registry(URI.create(registry), HttpAccess.ofEnvironment(Server.REGISTRY, URI.create(registry), System::getenv));
        } catch (IllegalStateException e) {
            throw new CheckException(e.getMessage(), e);
        }
    }

    private List<PipelineFile> pipelines() {
        return PipelineFiles.loadNamed(pipelines);
    }

    private Map<TableName, Cost> counts() {
        var counts = new HashMap<TableName, Cost>();
        for (var row : rows) {
            if (row.startsWith("@")) {
                try {
                    Files.readAllLines(Path.of(row.substring(1))).stream().filter(line -> !line.isBlank() && !line.startsWith("#")).forEach(line -> count(line.strip(), counts));
                } catch (IOException e) {
                    throw new CheckException("The file of row counts " + row.substring(1) + " cannot be read: " + Unreadable.why(e), e);
                }
            } else {
                count(row, counts);
            }
        }
        return counts;
    }

    private static void count(String text, Map<TableName, Cost> into) {
        var parts = text.split("=", 2);
        var numbers = parts.length == 2 ? parts[1].split(":", 2) : new String[0];
        try {
            into.put(TableName.parse(parts[0].strip()), new Cost(Long.parseLong(numbers[0].strip().replace("_", "")), numbers.length == 2 ? Long.parseLong(numbers[1].strip().replace("_", "")) : -1));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new CheckException("'" + text + "' is no count of rows; write schema.table=ROWS or schema.table=ROWS:BYTES, e.g. public.orders=5000000", e);
        }
    }

    private void write(String report) {
        if (output == null) {
            var out = spec.commandLine().getOut();
            out.print(report);
            out.flush();
            return;
        }
        try {
            Files.writeString(output, report);
        } catch (IOException e) {
            throw new CheckException("The report cannot be written to " + output + ": " + e, e);
        }
    }

    /** One line on standard error that is written over, where a person looks at it. */
    private static final class ProgressLine implements AutoCloseable {

        private static final int WIDTH = 100;
        private static final int EVERY = 50;

        private final PrintWriter err;
        private final boolean terminal = System.console() != null && System.console().isTerminal();
        private boolean open;
        private int unseen;

        ProgressLine(PrintWriter err) {
            this.err = err;
        }

        void say(String text) {
            if (!terminal) {
                // A log keeps every line, so it gets few.
                if (!text.contains("/") || !Character.isDigit(text.charAt(0)) || ++unseen % EVERY == 0) {
                    err.println(text);
                    err.flush();
                }
                return;
            }
            var cut = text.length() > WIDTH ? text.substring(0, WIDTH) : text;
            err.print("\r" + cut + " ".repeat(WIDTH - cut.length()));
            err.flush();
            open = true;
        }

        @Override
        public void close() {
            if (open) {
                err.print("\r" + " ".repeat(WIDTH) + "\r");
                err.flush();
                open = false;
            }
        }
    }
}
