package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Retention for a person at a terminal: what would leave, having it leave, and confirming what is held. */
@Command(name = "retention", mixinStandardHelpOptions = true, description = "What leaves a pipeline's index by time alone: what would leave now, without doing it; has it done with --run, and what is held with --confirm.")
final class RetentionCommand implements Callable<Integer> {

    private static final String ROW = "%-36s  %-11s  %-27s  %9s  %9s  %s%n";

    @Mixin
    private PurgeCall purge;
    @Spec
    private CommandSpec spec;
    @Parameters(index = "0", paramLabel = "PIPELINE", description = "Name of the pipeline.")
    private String pipeline;
    @Option(names = "--run", description = "Has what is due leave now.")
    private boolean run;
    @Option(names = "--runs", description = "Lists what was decided, the newest first.")
    private boolean runs;
    @Option(names = "--confirm", paramLabel = "RUN", description = "Has leave what this run held for a person.")
    private String confirm;
    @Option(names = "--reason", paramLabel = "TEXT", description = "With --confirm: why; kept in the audit.")
    private String reason;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var out = spec.commandLine().getOut();
        var address = "/pipelines/" + StageCall.encoded(pipeline) + "/retention";
        requireOne();
        if (confirm != null) {
            print(purge.post("/retention-runs/" + StageCall.encoded(confirm) + "/confirmation", Map.of("reason", reason)), out);
        } else if (run) {
            print(purge.post(address, Map.of()), out);
        } else if (runs) {
            print(purge.get("/retention-runs?pipeline=" + StageCall.encoded(pipeline)), out);
        } else {
            stand(purge.get(address), out);
        }
        out.flush();
        return 0;
    }

    private void requireOne() {
        if (Stream.of(run, runs, confirm != null).filter(asked -> asked).count() > 1) {
            throw new UsageException("--run, --runs and --confirm do not go together: each of them is asked alone");
        }
        if (confirm != null && reason == null) {
            throw new UsageException("--confirm needs --reason: why so many documents may leave");
        }
        if (confirm == null && reason != null) {
            throw new UsageException("--reason belongs to --confirm; nothing else is decided here");
        }
    }

    private void stand(JsonNode found, PrintWriter out) throws IOException {
        if (purge.json()) {
            print(found, out);
            return;
        }
        out.println("wanted:   " + list(found.path("wanted"), "nothing leaves"));
        out.println("holding:  " + (found.has("holding") ? list(found.path("holding"), "nothing leaves") + ", as of " + found.path("heldAsOf").asText() : "nothing was ordered yet"));
        out.printf("as of %s: %,d of %s would leave, %,d would come back%n", found.path("asOf").asText(), found.path("impact").path("leaving").asLong(), Counted.of(found.path("impact").path("shown").asLong(), "document"),
                found.path("impact").path("returning").asLong());
        if (!found.path("leaving").isEmpty()) {
            out.println("leaving:  " + list(found.path("leaving"), "") + (found.path("impact").path("leaving").asLong() > found.path("leaving").size() ? ", …" : ""));
        }
        if (!found.path("returning").isEmpty()) {
            out.println("coming:   " + list(found.path("returning"), "") + (found.path("impact").path("returning").asLong() > found.path("returning").size() ? ", …" : ""));
        }
        if (found.has("waiting")) {
            out.println("Held for a person: " + purge.command("retention " + pipeline + " --confirm " + found.path("waiting").path("id").asText() + " --reason TEXT"));
        } else if (found.path("held").asBoolean()) {
            out.println("A run would be held until a person confirms it.");
        }
    }

    private static String list(JsonNode texts, String none) {
        return texts.isEmpty() ? none : StreamSupport.stream(texts.spliterator(), false).map(JsonNode::asText).collect(Collectors.joining(", "));
    }

    private void print(JsonNode found, PrintWriter out) throws IOException {
        if (purge.json()) {
            out.println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(found));
        } else if (found.isEmpty()) {
            out.println(run ? "Nothing is due, or a run waits for a person." : "There are none.");
        } else {
            out.printf(ROW, "run", "state", "as of", "leaving", "of", "by");
            (found.isArray() ? found : new JsonMapper().createArrayNode().add(found)).forEach(r -> out.printf(ROW, r.path("id").asText(), r.path("state").asText(), r.path("asOf").asText(), r.path("impact").path("leaving").asText(),
                    r.path("impact").path("shown").asText(), r.path("requestedBy").asText() + (r.has("decidedBy") ? ", confirmed by " + r.path("decidedBy").asText() + ", " + r.path("reason").asText() : "")));
        }
    }
}
