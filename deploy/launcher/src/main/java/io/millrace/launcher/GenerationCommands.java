package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalException;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A pipeline's indexes for a person at a terminal; each command is a few calls of the indexer's HTTP API. */
final class GenerationCommands {

    private static final String ROW = "%-28s  %-20s  %-10s  %-24s  %12s  %10s%n";
    /** An index takes over within a fraction of a second, and is built within hours. */
    private static final Duration FIRST_LOOK = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private GenerationCommands() {}

    /** What they have in common. */
    abstract static class Generations implements Callable<Integer> {

        @Mixin
        private IndexerCall indexer;
        @Spec
        private CommandSpec spec;
        @Parameters(index = "0", paramLabel = "PIPELINE", description = "Name of the pipeline.")
        private String pipeline;

        IndexerCall indexer() {
            return indexer;
        }

        String pipeline() {
            return pipeline;
        }

        PrintWriter out() {
            return spec.commandLine().getOut();
        }

        String address() {
            return "/pipelines/" + StageCall.encoded(pipeline) + "/generations";
        }

        JsonNode all() throws IOException, InterruptedException {
            return indexer.get(address());
        }

        JsonNode serving() throws IOException, InterruptedException {
            return StreamSupport.stream(all().spliterator(), false).filter(g -> g.path("role").asText().equals("SERVES")).findFirst()
                    .orElseThrow(() -> new LocalException("No index of the pipeline " + pipeline + " is served now; see " + indexer.command("status")));
        }

        /**
         * The index that is meant where none is named.
         *
         * @param newer than the one that serves, or older
         */
        String chosen(String named, boolean newer) throws IOException, InterruptedException {
            if (named != null) {
                return named;
            }
            var serving = serving().path("index").asText();
            return StreamSupport.stream(all().spliterator(), false).map(g -> g.path("index").asText()).filter(index -> newer ? index.compareTo(serving) > 0 : index.compareTo(serving) < 0).findFirst()
                    .orElseThrow(() -> new LocalException("There is no index of the pipeline " + pipeline + " that is " + (newer ? "newer" : "older") + " than " + serving + ", which serves"
                            + (newer ? "; have one built (" + indexer.command("rebuild " + pipeline) + ")" : "")));
        }

        void print(JsonNode found) throws IOException {
            if (indexer.json()) {
                out().println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(found));
            } else {
                var rows = found.isArray() ? found : new JsonMapper().createArrayNode().add(found);
                out().printf(ROW, "index", "pipeline", "role", "made", "documents", "behind");
                rows.forEach(g -> out().printf(ROW, g.path("index").asText(), g.path("pipeline").asText(), role(g), g.path("made").asText(), g.hasNonNull("documents") ? (g.path("estimated").asBoolean() ? "~" : "") + g.path("documents").asText() : "not known", g.path("behind").asText("not known")));
                rows.forEach(this::printWaiting);
            }
            out().flush();
        }

        private void printWaiting(JsonNode generation) {
            if (generation.hasNonNull("waits")) {
                out().printf("%s waits: %s%n", generation.path("index").asText(), generation.path("waits").asText());
            }
        }

        /** A count that the indexer does not know is none. */
        private static String told(JsonNode many, String one) {
            return many.isNumber() ? Counted.of(many.asLong(), one) : "an unknown number of " + one + "s";
        }

        private static String role(JsonNode generation) {
            return switch (generation.path("role").asText()) {
                case "SERVES" -> "serves";
                case "TAKES_OVER" -> "takes over";
                case "ASIDE" -> generation.path("held").asBoolean() ? "held" : "builds";
                default -> "other";
            };
        }

        /** Shows how an index compares with the one that serves. */
        void compare(String index, int sample, boolean despite) throws IOException, InterruptedException {
            var found = indexer.get(address() + "/" + StageCall.encoded(index) + "/comparison?sample=" + sample);
            out().printf("%s has %s, %s has %s; of %,d taken at random %,d differ%s%n", index, counted(found, "documents", "document"), found.path("served").asText(), counted(found, "servedDocuments", "document"), found.path("sampled").asInt(),
                    found.path("differing").asInt(), found.path("examples").isEmpty() ? "" : ", such as " + found.path("examples").get(0).asText());
            out().flush();
            if (found.hasNonNull("losses") && !despite) {
                throw new LocalException("The index " + index + " does not take over: " + found.path("losses").asText() + ". Readers would lose that. Where it is still being built, ask again when it has all (" + indexer.command("generations " + pipeline)
                        + "); where that is on purpose, add --despite-differences");
            }
        }

        private static String counted(JsonNode of, String field, String one) {
            return (of.path("estimated").asBoolean() && of.path(field).isNumber() ? "about " : "") + told(of.path(field), one);
        }

        /** Has an index serve, and waits until it does. */
        int serve(String index, boolean despite) throws IOException, InterruptedException {
            indexer.post(address() + "/" + StageCall.encoded(index) + "/service?despite=" + despite, Map.of());
            return follow(index);
        }

        /** Waits until an index serves. */
        int follow(String index) throws IOException, InterruptedException {
            String said = "";
            var looks = new Backoff(FIRST_LOOK, LONGEST_PAUSE);
            while (true) {
                var one = StreamSupport.stream(all().spliterator(), false).filter(g -> g.path("index").asText().equals(index)).findFirst()
                        .orElseThrow(() -> new LocalException("The index " + index + " is not there any more: somebody deleted it"));
                if (one.path("role").asText().equals("SERVES")) {
                    out().println(index + " serves.");
                    out().flush();
                    return 0;
                }
                if (one.path("held").asBoolean() && one.path("role").asText().equals("ASIDE")) {
                    throw new LocalException("The index " + index + " is held: " + one.path("waits").asText("somebody took the order back") + ". /q/health/ready of the indexer says what keeps its documents waiting");
                }
                if (one.hasNonNull("losses") && one.hasNonNull("waits")) {
                    throw new LocalException("The index " + index + " does not take over now: " + one.path("waits").asText());
                }
                var now = index + " has " + told(one.path("documents"), "document") + " and is " + told(one.path("behind"), "record") + " behind" + (one.hasNonNull("waits") ? "; " + one.path("waits").asText() : "");
                if (!now.equals(said)) {
                    out().println(now);
                    out().flush();
                    said = now;
                }
                looks.await();
            }
        }
    }

    /** Lists them. */
    @Command(name = "generations", description = "The indexes of a pipeline: which one serves, which ones are written beside it, since when they are there, how far they are.", mixinStandardHelpOptions = true)
    static final class Show extends Generations {

        @Override
        public Integer call() throws IOException, InterruptedException {
            print(all());
            return 0;
        }
    }

    /** Builds another one. */
    @Command(name = "rebuild", description = "Builds another index of the same documents from Kafka, beside the one that serves: for other analyzers or settings, or where the index is damaged. It serves as soon as it has all and a comparison finds nothing that readers would lose.", mixinStandardHelpOptions = true)
    static final class Rebuild extends Generations {

        @Option(names = "--when-verified", description = "It serves as soon as it has all and a comparison finds nothing that readers would lose. This is the default.")
        private boolean whenVerified;
        @Option(names = "--hold", description = "It serves only when ./millrace cutover asks for it.")
        private boolean hold;
        @Option(names = "--wait", description = "Ends when it serves.")
        private boolean wait;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (hold && whenVerified) {
                throw new UsageException("--hold and --when-verified do not go together: what is held does not serve by itself");
            }
            if (hold && wait) {
                throw new UsageException("--hold and --wait do not go together: what is held does not serve by itself");
            }
            var begun = indexer().post(address() + "?hold=" + hold, Map.of());
            if (wait) {
                return follow(begun.path("index").asText());
            }
            print(begun);
            if (!indexer().json()) {
                out().println(indexer().command("generations " + pipeline()) + " tells how far it is" + (hold ? "; " + indexer().command("cutover " + pipeline()) + " has it serve." : "; it serves as soon as it has all, and readers lose nothing by it."));
                out().flush();
            }
            return 0;
        }
    }

    /** Has a newer one serve. */
    @Command(name = "cutover", description = "Compares the newer index with the one that serves, and has it serve as soon as it has all. The one that served until then is written on, as a way back.", mixinStandardHelpOptions = true)
    static final class Cutover extends Generations {

        @Option(names = "--index", paramLabel = "INDEX", description = "Default: the newest one.")
        private String index;
        @Within(of = "how many documents", from = 1, to = 10_000)
        @Option(names = "--sample", paramLabel = "N", defaultValue = "1000", description = "So many documents are compared, 10,000 at most. Default: ${DEFAULT-VALUE}.")
        private int sample;
        @Option(names = "--despite-differences", description = "Also where readers lose documents by it.")
        private boolean despite;

        @Override
        public Integer call() throws IOException, InterruptedException {
            var chosen = chosen(index, true);
            compare(chosen, sample, despite);
            return serve(chosen, despite);
        }
    }

    /** Has an older one serve. */
    @Command(name = "rollback", description = "Compares the index that served before with the one that serves, and has it serve again; it was written all the time.", mixinStandardHelpOptions = true)
    static final class Rollback extends Generations {

        @Option(names = "--index", paramLabel = "INDEX", description = "Default: the newest of the older ones.")
        private String index;
        @Within(of = "how many documents", from = 1, to = 10_000)
        @Option(names = "--sample", paramLabel = "N", defaultValue = "1000", description = "So many documents are compared, 10,000 at most. Default: ${DEFAULT-VALUE}.")
        private int sample;
        @Option(names = "--despite-differences", description = "Also where readers lose documents by it.")
        private boolean despite;

        @Override
        public Integer call() throws IOException, InterruptedException {
            var chosen = chosen(index, false);
            compare(chosen, sample, despite);
            return serve(chosen, despite);
        }
    }

    /** Deletes one. */
    @Command(name = "retire", description = "Deletes an index that does not serve, with its marks and its consumer group. Asks for its name once more.", mixinStandardHelpOptions = true)
    static final class Retire extends Generations {

        @Parameters(index = "1", paramLabel = "INDEX", description = "The index, as 'generations' names it.")
        private String index;
        @Option(names = "--name", paramLabel = "INDEX", description = "The name once more, where nobody is there to be asked.")
        private String name;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (name != null && !index.equals(name)) {
                throw new UsageException("Nothing is deleted: '" + name + "' is not " + index);
            }
            var again = name == null ? asked() : name;
            if (!index.equals(again)) {
                throw new LocalException("Nothing is deleted: '" + again + "' is not " + index);
            }
            var owner = owner();
            indexer().delete(address() + "/" + StageCall.encoded(index));
            out().println(index + " is deleted.");
            if (!owner.isEmpty() && !owner.equals(pipeline())) {
                out().printf("The pipeline %s has topics still: %s, %s, and those and the group that begin with %s. Where no other file has its source, ./millrace destroy --regions FILE %s.yaml shows how they go; else delete them by hand.%n", owner, Topics.documents(owner),
                        Topics.quarantineDocuments(owner), Topics.joinGroup(owner), owner);
            }
            out().flush();
            return 0;
        }

        /** The pipeline that the index belongs to; empty where that is not told. */
        private String owner() throws IOException, InterruptedException {
            return StreamSupport.stream(all().spliterator(), false).filter(g -> g.path("index").asText().equals(index)).map(g -> g.path("pipeline").asText()).findFirst().orElse("");
        }

        private String asked() {
            var console = System.console();
            if (console == null || !console.isTerminal()) {
                throw new UsageException("Deleting an index is for good; where nobody is there to be asked, give its name once more: --name " + index);
            }
            return String.valueOf(console.readLine("The index %s and its documents are deleted. Its name once more: ", index)).strip();
        }
    }
}
