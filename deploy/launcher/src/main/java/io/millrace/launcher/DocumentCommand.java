package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** One document as the index has it, and as Postgres would join it now. */
@Command(name = "document", description = "Shows a document of the index; with --diff, where it differs from the SQL join of the source now.",
        footer = {"", "Ends with 0, with 1 where the index has no such document, and with 3 where the index could not be asked; with --diff with 0 where both sides agree, with 2 where they differ, and with 3 where one of them could not be asked."}, mixinStandardHelpOptions = true)
final class DocumentCommand implements Callable<Integer> {

    private static final int MISSING = 1;
    private static final int DIFFERS = 2;
    private static final int UNKNOWN = 3;

    @Mixin
    private ConsoleCall console;
    @Spec
    private CommandSpec spec;
    @Parameters(index = "0", paramLabel = "PIPELINE", description = "Name of the pipeline.")
    private String pipeline;
    @Parameters(index = "1", paramLabel = "ID", description = "Id of the document in the index.")
    private String id;
    @Option(names = "--diff", description = "Joins the same document in Postgres, and shows where they differ.")
    private boolean diff;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JsonNode view;
        try {
            view = console.get("/api/pipelines/" + StageCall.encoded(pipeline) + "/documents/" + StageCall.encoded(id));
        } catch (LocalException e) {
            // 1 would say that the index has no such document.
            Failures.explain(e, spec.commandLine());
            return UNKNOWN;
        }
        var out = spec.commandLine().getOut();
        if (console.json()) {
            out.println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(view));
        } else {
            print(view, diff, out);
        }
        out.flush();
        return code(view, diff);
    }

    /** An index that does not answer has said of no document that it is gone. */
    static int code(JsonNode view, boolean diff) {
        if (!diff) {
            var inIndex = view.path("inIndex");
            return !inIndex.isBoolean() ? UNKNOWN : inIndex.asBoolean() ? 0 : MISSING;
        }
        return switch (view.path("comparison").asText()) {
            case "agrees" -> 0;
            case "differs" -> DIFFERS;
            default -> UNKNOWN;
        };
    }

    static void print(JsonNode view, boolean diff, PrintWriter out) {
        if (view.path("inIndex").asBoolean()) {
            out.println(view.path("document").asText());
            out.printf("version %s%n", view.path("version").asText("unknown"));
        }
        if (diff) {
            view.path("differences").forEach(d -> out.printf("  %s%n", Difference.line(d)));
            out.println(sentence(view));
        }
        view.path("notes").forEach(note -> out.printf("%s.%n", note.asText()));
    }

    private static String sentence(JsonNode view) {
        boolean isIndexed = view.path("inIndex").asBoolean();
        return switch (view.path("comparison").asText()) {
            case "agrees" -> isIndexed ? "The index and Postgres agree" : "Neither the index nor Postgres has it";
            case "differs" -> isIndexed != view.path("inPostgres").asBoolean() ? isIndexed ? "Only the index has it" : "Only Postgres has it"
                    : "The index and Postgres differ in %s; the last change may still be on its way".formatted(places(view.path("differences").size()));
            default -> "They could not be compared";
        };
    }

    private static String places(int count) {
        return count == 1 ? "one place" : "%,d places".formatted(count);
    }
}
