package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Has a table read again while the stream goes on, and tells how far that is. */
@Command(name = "resnapshot", description = "Has a table of a source read again while its changes flow on, or tells what is being read.", mixinStandardHelpOptions = true)
final class ResnapshotCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Mixin
    private CaptureCall capture;
    @Parameters(index = "0", paramLabel = "SOURCE", description = "The source, as the pipeline files name it.")
    private String source;
    @Parameters(index = "1", arity = "0..1", paramLabel = "TABLE", description = "The table, as in SQL. Left out: which tables are being read, and how far each is.")
    private String table;
    @Option(names = "--where", paramLabel = "SQL", description = "A condition that chooses the rows to read. Without it all rows are read, and what is gone from the table is taken away downstream.")
    private String where;
    @Option(names = "--cancel", description = "Takes back what was asked for. What was read until then stays.")
    private boolean cancel;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (table == null && (cancel || where != null)) {
            throw new UsageException("--where and --cancel are about one table; name it behind the source");
        }
        if (cancel && where != null) {
            throw new UsageException("--cancel ends the reading of the table, whatever its condition; leave --where out");
        }
        var out = spec.commandLine().getOut();
        var path = "/resnapshots?source=" + StageCall.encoded(source) + (table == null ? "" : "&table=" + StageCall.encoded(table)) + (where == null ? "" : "&where=" + StageCall.encoded(where));
        var answer = table == null ? capture.get(path) : cancel ? capture.delete(path) : capture.post(path, Map.of());
        if (capture.json()) {
            out.println(answer);
        } else if (table == null) {
            list(answer.path("resnapshots"), out);
        } else if (cancel) {
            out.println("The reading of " + answer.path("table").asText() + " is cancelled after " + Counted.of(answer.path("rows").asLong(), "row"));
        } else {
            out.println("The table " + answer.path("table").asText() + " is read again, about " + Counted.of(answer.path("estimate").asLong(), "row") + "; " + capture.command("resnapshot " + source) + " tells how far it is");
        }
        out.flush();
        return 0;
    }

    private void list(JsonNode all, PrintWriter out) {
        if (all.isEmpty()) {
            out.println("No table of " + source + " is being read");
        }
        for (var one : all) {
            out.printf(Locale.ROOT, "%s%s: %s, %,d of about %s%s%n", one.path("table").asText(), one.hasNonNull("where") ? " where " + one.path("where").asText() : "", one.path("state").asText(), one.path("rows").asLong(), Counted.of(one.path("estimate").asLong(), "row"),
                    one.hasNonNull("secondsLeft") ? String.format(Locale.ROOT, ", %,d rows/s, %,d s left", one.path("rowsPerSecond").asLong(), one.path("secondsLeft").asLong()) : "");
            if (one.hasNonNull("failure")) {
                out.println("  " + one.path("failure").asText());
            }
        }
    }
}
