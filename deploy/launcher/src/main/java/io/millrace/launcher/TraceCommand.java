package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "trace", description = "Shows where the last change of a document spent its time, from the commit to the search. Needs no trace backend.", mixinStandardHelpOptions = true)
final class TraceCommand implements Callable<Integer> {

    private static final int WIDTH = 40;
    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

    @Mixin
    private IndexerCall indexer;
    @Spec
    private CommandSpec spec;
    @Parameters(index = "0", paramLabel = "PIPELINE", description = "Name of the pipeline.")
    private String pipeline;
    @Parameters(index = "1", paramLabel = "ID", description = "Id of the document in the index.")
    private String id;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var trace = indexer.get("/pipelines/" + StageCall.encoded(pipeline) + "/documents/" + StageCall.encoded(id) + "/trace");
        var out = spec.commandLine().getOut();
        if (indexer.json()) {
            out.println(trace);
        } else {
            print(trace, out);
        }
        out.flush();
        return 0;
    }

    /** The waterfall: each step begins where the one before ended. */
    static void print(JsonNode trace, PrintWriter out) {
        out.printf("%s %s, version %s%s%n", trace.path("pipeline").asText(), trace.path("id").asText(), trace.path("version").asText("unknown"), trace.path("deleted").asBoolean() ? ", deleted" : "");
        out.printf("record %s[%d]@%d, position %s, trace %s%n", trace.path("topic").asText(), trace.path("partition").asInt(), trace.path("offset").asLong(),
                trace.path("position").asText("unknown"), trace.path("traceparent").isNull() ? "none (not sampled)" : trace.path("traceparent").asText());
        var hops = StreamSupport.stream(trace.path("hops").spliterator(), false).toList();
        if (!hops.isEmpty()) {
            long begin = hops.getFirst().path("atMicros").asLong();
            long whole = Math.max(1, hops.stream().mapToLong(h -> h.path("atMicros").asLong()).max().orElse(begin) - begin);
            for (var hop : hops) {
                long at = hop.path("atMicros").asLong();
                long took = hop.path("tookMicros").asLong();
                out.printf("  %s  %-8s %10.1f ms  |%s|  %s%n", CLOCK.format(Instant.ofEpochSecond(at / 1_000_000, at % 1_000_000 * 1_000)), hop.path("stage").asText(), took / 1000.0,
                        bar(at - took - begin, at - begin, whole), hop.path("done").asText());
            }
            out.printf("  in all %.1f ms%n", whole / 1000.0);
        }
        trace.path("notes").forEach(note -> out.printf("  %s.%n", note.asText()));
    }

    private static String bar(long from, long to, long whole) {
        int first = (int) Math.clamp(from * WIDTH / whole, 0, WIDTH - 1);
        int last = (int) Math.clamp(to * WIDTH / whole, first + 1L, WIDTH);
        return " ".repeat(first) + "=".repeat(last - first) + " ".repeat(WIDTH - last);
    }
}
