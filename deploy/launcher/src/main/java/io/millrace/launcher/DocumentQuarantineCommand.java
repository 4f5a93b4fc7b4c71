package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.pipeline.file.Enrichment;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The indexer's quarantine for a person at a terminal; every subcommand is one call of the indexer's HTTP API. */
@Command(name = "documents", description = "Shows and decides about documents that an index refused.", mixinStandardHelpOptions = true)
final class DocumentQuarantineCommand implements Runnable {

    private static final String ROW = "%-10s  %-24s  %-24s  %-10s  %-24s  %s%n";

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new UsageException("Say what to do: list, show, replay or discard");
    }

    /** What is asked of whoever changes something. */
    static final class Decision {

        @Parameters(index = "0", paramLabel = "PIPELINE", description = "Name of the pipeline.")
        private String pipeline;
        @Parameters(index = "1..*", paramLabel = "ID", description = "Ids of documents. Default: all that stand in quarantine.")
        private List<String> ids;
        @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why; kept beside the documents.")
        private String reason;
        @Option(names = "--by", paramLabel = "NAME", defaultValue = "${sys:user.name}", description = "Who; kept beside the documents. Default: ${DEFAULT-VALUE}.")
        private String by;

        private Map<String, Object> body() {
            var body = new LinkedHashMap<String, Object>(Map.of("reason", reason, "by", by));
            if (ids != null) {
                body.put("ids", ids);
            }
            return body;
        }
    }

    @Command(name = "list", description = "Documents that stand in quarantine, with the reason.", mixinStandardHelpOptions = true)
    int list(@Mixin IndexerCall indexer, @Parameters(paramLabel = "PIPELINE", description = "Name of the pipeline.") String pipeline,
            @Within(of = "how many documents", from = 1, to = 1_000) @Option(names = "--limit", paramLabel = "N", defaultValue = "100", description = "At most so many, 1,000 at most. Default: ${DEFAULT-VALUE}.") int limit,
            @Option(names = "--after", paramLabel = "PLACE", defaultValue = "", description = "Those after this place, the last one of the page before.") String after) throws IOException, InterruptedException {
        var found = indexer.get(address(pipeline) + "?limit=" + limit + "&after=" + StageCall.encoded(after));
        if (!printed(indexer, found)) {
            show(found, out());
        }
        return 0;
    }

    static void show(JsonNode found, PrintWriter out) {
        if (found.path("count").asInt() == 0) {
            out.println("No document stands in quarantine.");
        } else {
            out.printf(ROW, "place", "document", "refused by", "state", "parked", "reason");
            found.path("documents").forEach(d -> out.printf(ROW, d.path("place").asText(), d.path("id").asText(), refuser(d), state(d), d.path("parked").asText(), d.path("reason").asText() + ": " + d.path("detail").asText()));
            out.printf(found.path("more").asBoolean() ? "More than %,d in all; the first of them are told.%n" : "%,d in all.%n", found.path("count").asInt());
        }
        out.flush();
    }

    /** Without an index it was the join that set a document aside, or who adds what jobs write. */
    private static String refuser(JsonNode document) {
        return document.path("index").asText(document.path("reason").asText().equals(Enrichment.REFUSED) ? "the purge service" : "the join");
    }

    private static String state(JsonNode document) {
        return document.path("asked").asBoolean() ? "replaying" : document.path("replayable").asBoolean() ? "parked" : "to discard";
    }

    @Command(name = "show", description = "One document, with what is in it.", mixinStandardHelpOptions = true)
    int show(@Mixin IndexerCall indexer, @Parameters(index = "0", paramLabel = "PIPELINE", description = "Name of the pipeline.") String pipeline, @Parameters(index = "1", paramLabel = "ID", description = "Its id.") String id)
            throws IOException, InterruptedException {
        var found = indexer.get(address(pipeline) + "/documents/" + StageCall.encoded(id));
        if (!printed(indexer, found)) {
            found.forEach(d -> out().printf("%s, version %s, refused by %s at %s (%s)%n%s: %s%n%s%n", d.path("id").asText(), d.path("version").asText(), refuser(d), d.path("parked").asText(), state(d), d.path("reason").asText(),
                    d.path("detail").asText(), d.path("document").asText("a delete, or no document yet")));
            out().flush();
        }
        return 0;
    }

    @Command(name = "replay", description = "Has documents sent to their index again. One that has changed since is settled without it.", mixinStandardHelpOptions = true)
    int replay(@Mixin IndexerCall indexer, @Mixin Decision decision) throws IOException, InterruptedException {
        var answer = indexer.post(address(decision.pipeline) + "/replay", decision.body());
        if (!printed(indexer, answer)) {
            out().printf("%s sent again within some seconds; what is refused once more stands in quarantine with the reason of now.%n", Counted.of(answer.path("replayed").asInt(), "document is", "documents are"));
            if (answer.path("left").asInt() > 0) {
                out().printf("%s left: no index takes such a document, because it is not there any more, or no index refused it.%n", Counted.of(answer.path("left").asInt(), "is", "are"));
            }
            if (answer.path("more").asBoolean()) {
                out().println("There may be more; give the order again.");
            }
            out().flush();
        }
        return 0;
    }

    @Command(name = "discard", description = "Gives documents up for good, as many as 'list' has counted. The index keeps what it has of them.", mixinStandardHelpOptions = true)
    int discard(@Mixin IndexerCall indexer, @Mixin Decision decision, @Within(of = "how many documents", from = 0) @Option(names = "--count", required = true, paramLabel = "N", description = "How many; another number than the present one is refused.") long count)
            throws IOException, InterruptedException {
        var body = decision.body();
        body.put("count", count);
        var answer = indexer.post(address(decision.pipeline) + "/discard", body);
        if (!printed(indexer, answer)) {
            out().printf("%s given up.%n", Counted.of(answer.path("discarded").asInt(), "document is", "documents are"));
            out().flush();
        }
        return 0;
    }

    private static String address(String pipeline) {
        return "/pipelines/" + StageCall.encoded(pipeline) + "/quarantine";
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private boolean printed(IndexerCall indexer, JsonNode answer) throws IOException {
        if (indexer.json()) {
            out().println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(answer));
            out().flush();
        }
        return indexer.json();
    }
}
