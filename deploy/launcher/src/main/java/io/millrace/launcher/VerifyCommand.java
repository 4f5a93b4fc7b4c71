package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Begins a verification at the purge service and follows it to its end. */
@Command(name = "verify", description = "Compares a pipeline's index with the SQL join of its source, while both change, and shows what differs.",
        footer = {"", "Ends with 0 where everything agrees, 2 where something differs, 3 where it could not be told."}, mixinStandardHelpOptions = true)
final class VerifyCommand implements Callable<Integer> {

    static final int DIFFERS = 2;
    private static final int UNKNOWN = 3;
    /** A small pipeline is compared within a fraction of a second, a large one within hours. */
    private static final Duration FIRST_LOOK = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    @Mixin
    private PurgeCall purge;
    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "PIPELINE", description = "Name of the pipeline.")
    private String pipeline;
    @Option(names = "--repair", description = "Has the documents that differ emitted anew, through the log.")
    private boolean repair;
    @Within(of = "a number of percent", from = 0.01, to = 100)
    @Option(names = "--sample", paramLabel = "P%", converter = Percent.class, description = "Compares so many percent of the documents, drawn at random. Default: all.")
    private Double sample;
    @Within(of = "documents a second", from = 1, to = 1_000_000)
    @Option(names = "--rate", paramLabel = "N", description = "Documents a second that are read from the database at most. Default: what the purge service is told, 2,000.")
    private Integer rate;
    @Option(names = "--continuous", description = "Begins another when one has ended, until one does not agree.")
    private boolean continuous;
    @Within(of = "how many documents", from = 1, to = 1_000)
    @Option(names = "--show", paramLabel = "N", defaultValue = "20", description = "How many documents that differ are shown. Default: ${DEFAULT-VALUE}; the first 200 are kept.")
    private int show;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var body = new LinkedHashMap<String, Object>();
        body.put("repair", repair);
        if (sample != null) {
            body.put("sample", sample);
        }
        if (rate != null) {
            body.put("rate", rate);
        }
        int told;
        do {
            told = verify(purge, pipeline, body, show, spec.commandLine().getOut());
        } while (continuous && told == 0);
        return told;
    }

    /**
     * Has a verification run, and shows what it finds.
     *
     * @param body what is asked for
     * @return 0 where everything agrees
     */
    static int verify(PurgeCall purge, String pipeline, Map<String, ?> body, int show, PrintWriter out) throws IOException, InterruptedException {
        var verification = purge.post("/pipelines/" + StageCall.encoded(pipeline) + "/verifications", body);
        var path = "/verifications/" + verification.path("id").asText();
        var phase = "";
        var looks = new Backoff(FIRST_LOOK, LONGEST_PAUSE);
        while (verification.path("state").asText().equals("running")) {
            if (!purge.json() && !phase.equals(verification.path("phase").asText())) {
                phase = verification.path("phase").asText();
                out.println(phase + " …");
                out.flush();
            }
            looks.await();
            verification = purge.get(path);
        }
        print(purge, verification, purge.get(path + "/differences?limit=" + show), out);
        return switch (verification.path("state").asText()) {
            case "agrees" -> 0;
            case "differs" -> DIFFERS;
            default -> UNKNOWN;
        };
    }

    /** With or without its sign. */
    private static final class Percent implements ITypeConverter<Double> {

        @Override
        public Double convert(String typed) {
            try {
                return Double.valueOf(typed.replace("%", "").strip());
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + typed + "' is no number of percent, such as 5%");
            }
        }
    }

    private static void print(PurgeCall purge, JsonNode verification, JsonNode differences, PrintWriter out) throws IOException {
        if (purge.json()) {
            var whole = verification.<com.fasterxml.jackson.databind.node.ObjectNode>deepCopy();
            whole.set("found", differences);
            out.println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(whole));
        } else {
            show(verification, differences, out);
        }
        out.flush();
    }

    static void show(JsonNode verification, JsonNode differences, PrintWriter out) {
        for (var found : differences) {
            out.printf("%-9s %s%s%n", found.path("kind").asText(), found.path("id").asText(), found.has("repair") ? "  (repair: " + found.path("repair").asText() + ")" : "");
            found.path("first").forEach(f -> out.printf("          %s%n", Difference.line(f)));
            if (found.path("fields").asInt() > found.path("first").size()) {
                out.printf("          and %,d more%n", found.path("fields").asInt() - found.path("first").size());
            }
        }
        out.printf("%s %s: %s compared, %s of the index looked up%n", verification.path("pipeline").asText(), verification.path("state").asText(), Counted.of(verification.path("documents").asLong(), "document"),
                Counted.of(verification.path("indexed").asLong(), "id"));
        out.printf("  missing %,d, orphaned %,d, different %,d; repaired %,d, not repaired %,d; undecided %,d, erased on purpose %,d%n", verification.path("missing").asLong(), verification.path("orphaned").asLong(),
                verification.path("different").asLong(), verification.path("repaired").asLong(), verification.path("unrepaired").asLong(), verification.path("undecided").asLong(), verification.path("erased").asLong());
        verification.path("notes").forEach(note -> out.printf("  %s%n", note.asText()));
    }
}
