package io.millrace.tests.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.tests.oracle.Comparison;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where the figures of a bench go: JSON into a file, the report in Markdown beside it and to the terminal, and what the oracle says. */
public final class Figures {

    private Figures() {}

    /**
     * Writes both files and says where they are.
     *
     * @param json its folder is made where it is missing
     * @param report as JSON
     * @param text the same for people
     * @throws IOException when a file cannot be written
     */
    public static void tell(Path json, Object report, String text, List<Comparison> verdict) throws IOException {
        Files.createDirectories(json.toAbsolutePath().getParent());
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(json.toFile(), report);
        var beside = json.resolveSibling(json.getFileName().toString().replaceFirst("\\.json$", "") + ".md");
        Files.writeString(beside, text);
        System.out.println();
        System.out.println(text);
        verdict.forEach(c -> System.out.println(c.describe()));
        System.out.println("All figures: " + json + " and " + beside);
    }
}
