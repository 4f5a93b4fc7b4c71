package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "trace", description = "Shows where the last change of a document spent its time, from the commit to the search. Needs no trace backend.", mixinStandardHelpOptions = true)
final class TraceCommand implements Callable<Integer> {

    private static final int WIDTH = 40;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;
    @Parameters(index = "0", paramLabel = "PIPELINE", description = "Name of the pipeline.")
    private String pipeline;
    @Parameters(index = "1", paramLabel = "ID", description = "Id of the document in the index.")
    private String id;
    @Option(names = "--json", description = "For programs.")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var indexer = data.running().process("indexer").orElseThrow(() -> new LocalException("The stack on " + data.path() + " has no indexer, which keeps the traces")).address();
        var address = URI.create(indexer + "/pipelines/" + StageCall.encoded(pipeline) + "/documents/" + StageCall.encoded(id) + "/trace");
        var out = spec.commandLine().getOut();
        try (var http = HttpClient.newHttpClient()) {
            var answer = http.send(HttpRequest.newBuilder(address).timeout(PATIENCE).build(), BodyHandlers.ofString());
            var body = new JsonMapper().readTree(answer.body());
            if (answer.statusCode() != 200) {
                throw new LocalException(body.path("message").asText("The indexer answered " + answer.statusCode() + " to GET " + address));
            }
            if (json) {
                out.println(answer.body());
            } else {
                print(body, out);
            }
            out.flush();
        } catch (IOException e) {
            throw new LocalException("Asking the indexer at " + address + " failed (" + (e.getMessage() == null ? e.toString() : e.getMessage()) + "); " + data.command("status") + " says whether it is up", e);
        }
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
