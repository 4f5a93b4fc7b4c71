package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Erasures for a person at a terminal; each command is one call of the purge service's HTTP API. */
final class ErasureCommands {

    private static final String ROW = "%-36s  %-16s  %-20s  %-24s  %-27s  %s%n";

    private ErasureCommands() {}

    /** Asks for one document, or for a subject, to be erased. */
    @Command(name = "erase", description = "Has a document erased, and kept erased while its row stands; or with --subject somebody from all documents of the source. Says how to follow it.", mixinStandardHelpOptions = true)
    static final class Erase implements Callable<Integer> {

        @Mixin
        private PurgeCall purge;
        @Spec
        private CommandSpec spec;
        @Option(names = "--subject", paramLabel = "NAME", description = "A subject of the pipeline files; then the one argument is its key.")
        private String subject;
        @Parameters(arity = "1..2", paramLabel = "PIPELINE ID|KEY", description = "The pipeline's name and the document's id in the index; with --subject the key of who is to be erased.")
        private List<String> which;
        @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why; kept in the audit.")
        private String reason;
        @Option(names = "--key", paramLabel = "KEY", description = "The Idempotency-Key: give that of an earlier call to repeat it. Default: a new one.")
        private String key;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (which.size() != (subject == null ? 2 : 1)) {
                throw new UsageException(subject == null ? "Which document? Name its pipeline and its id" : "Who of " + subject + "? Give one key");
            }
            var idempotencyKey = key == null ? UUID.randomUUID().toString() : key;
            var erasure = subject == null ? purge.post("/pipelines/" + StageCall.encoded(which.getFirst()) + "/documents/" + StageCall.encoded(which.getLast()) + "/erasure", Map.of("reason", reason), idempotencyKey)
                    : purge.post("/erasures", Map.of("subject", subject, "key", which.getFirst(), "reason", reason), idempotencyKey);
            print(purge, erasure, spec.commandLine().getOut());
            return 0;
        }
    }

    /** Lists erasures. */
    @Command(name = "erasures", description = "The erasures that were asked for, the newest first, and how far they are.", mixinStandardHelpOptions = true)
    static final class Erasures implements Callable<Integer> {

        @Mixin
        private PurgeCall purge;
        @Spec
        private CommandSpec spec;
        @Option(names = "--pipeline", paramLabel = "NAME", description = "Of this pipeline, and of its subjects, only.")
        private String pipeline;
        @Option(names = "--state", paramLabel = "STATE", description = "${COMPLETION-CANDIDATES}. Default: all.")
        private State state;
        @Within(of = "how many erasures", from = 1, to = 1_000)
        @Option(names = "--limit", paramLabel = "N", defaultValue = "100", description = "At most so many. Default: ${DEFAULT-VALUE}.")
        private int limit;

        /** How far an erasure is, as the purge service writes it. */
        private enum State {
            REQUESTED, HIDDEN, CARRIED_OUT, NOTHING_TO_ERASE, ENDED;

            @Override
            public String toString() {
                return name().toLowerCase(Locale.ROOT).replace('_', '-');
            }
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            var found = purge.get("/erasures?limit=" + limit + (pipeline == null ? "" : "&pipeline=" + StageCall.encoded(pipeline)) + (state == null ? "" : "&state=" + state));
            print(purge, found, spec.commandLine().getOut());
            return 0;
        }
    }

    /** Ends the erasure of a subject. */
    @Command(name = "unerase", description = "Ends the erasure of a subject: what the source has of it comes back.", mixinStandardHelpOptions = true)
    static final class Unerase implements Callable<Integer> {

        @Mixin
        private PurgeCall purge;
        @Spec
        private CommandSpec spec;
        @Parameters(paramLabel = "ERASURE", description = "Its id, as ./millrace erasures has it.")
        private String id;
        @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why; kept in the audit.")
        private String reason;

        @Override
        public Integer call() throws IOException, InterruptedException {
            print(purge, purge.post("/erasures/" + StageCall.encoded(id) + "/withdrawal", Map.of("reason", reason)), spec.commandLine().getOut());
            return 0;
        }
    }

    private static void print(PurgeCall purge, JsonNode found, PrintWriter out) throws IOException {
        if (purge.json()) {
            out.println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(found));
        } else if (found.isArray() && found.isEmpty()) {
            out.println("There are none.");
        } else {
            out.printf(ROW, "erasure", "state", "pipeline", "document", "asked for at", "by, because of");
            (found.isArray() ? found : new JsonMapper().createArrayNode().add(found)).forEach(e -> out.printf(ROW, e.path("id").asText(), e.path("state").asText(), e.has("subject") ? "every" : e.path("pipeline").asText(), e.has("subject") ? e.path("subject").asText() + " " + e.path("keyHash").asText().substring(0, 12) : e.path("document").asText(),
                    e.path("requestedAt").asText(), e.path("requestedBy").asText() + ", " + e.path("reason").asText()));
        }
        out.flush();
    }
}
