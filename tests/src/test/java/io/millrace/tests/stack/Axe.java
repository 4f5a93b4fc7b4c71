package io.millrace.tests.stack;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Deque's axe-core over a page: what keeps people with a screen reader, a keyboard or weak eyes from using it. Taken from the npm registry once. */
public final class Axe {

    private static final String VERSION = "4.14.1";

    private final Path folder;

    /** @param folder where it is kept */
    public Axe(Path folder) {
        this.folder = folder;
    }

    /** A line for each finding that axe calls serious or critical. */
    public List<String> serious(Browser page) throws IOException {
        page.run(script());
        var told = new JsonMapper().readTree(page.eval("axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify({checked: r.passes.length, violations: r.violations}))"));
        if (told.path("checked").asInt() < 10) {
            throw new IllegalStateException("axe has looked at nothing: " + told);
        }
        var found = new ArrayList<String>();
        for (var violation : told.path("violations")) {
            if (List.of("serious", "critical").contains(violation.path("impact").asText())) {
                violation.path("nodes").forEach(node -> found.add(violation.path("id").asText() + ": " + node.path("html").asText() + " " + node.path("failureSummary").asText()));
            }
        }
        return found;
    }

    private String script() throws IOException {
        var script = folder.resolve("node_modules/axe-core/axe.min.js");
        if (!Files.exists(script)) {
            Files.createDirectories(folder);
            var npm = Browser.program("apt-get install npm", "npm");
            var process = new ProcessBuilder(npm.toString(), "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder.toString(), "axe-core@" + VERSION).redirectErrorStream(true).start();
            var output = new String(process.getInputStream().readAllBytes());
            if (!Files.exists(script)) {
                throw new IOException("npm did not bring axe-core " + VERSION + ": " + output);
            }
        }
        return Files.readString(script);
    }
}
