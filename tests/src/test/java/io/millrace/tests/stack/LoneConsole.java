package io.millrace.tests.stack;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A further console with pipeline files of its own, which no other service reads. */
public final class LoneConsole implements AutoCloseable {

    private static final List<Stage> ASKED = List.of(Stage.CAPTURE, Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE);

    private final URI address;
    private final ManagedProcess process;

    private LoneConsole(int port, Path folder, Map<String, String> asked, Map<String, String> environment) {
        address = URI.create("http://localhost:" + port);
        var properties = new HashMap<>(asked);
        properties.putAll(Map.of("quarkus.http.host", "localhost", "quarkus.http.port", Integer.toString(port), "millrace.console.pipelines", folder.resolve("files").toString()));
        process = new ManagedProcess(ProcessSpec.quarkus("console", folder, "112m", DemoStack.home().resolve("deploy/console/target/quarkus-app/quarkus-run.jar"), properties, environment,
                Map.of("http", port), Readiness.http(address.resolve("/q/health/live"))).withFirstCompilerOnly());
        process.start();
    }

    /**
     * @param folder of its own
     * @param files pipeline files by their names
     */
    public static LoneConsole over(DemoStack stack, Path folder, Map<String, String> files) throws IOException {
        return over(stack, folder, files, Map.of());
    }

    /** @param more properties */
    public static LoneConsole over(DemoStack stack, Path folder, Map<String, String> files, Map<String, String> more) throws IOException {
        return over(stack, Ports.free(1).getFirst(), folder, files, more);
    }

    /** At a port that somebody else has to know before. */
    public static LoneConsole over(DemoStack stack, int port, Path folder, Map<String, String> files, Map<String, String> more) throws IOException {
        write(folder, files);
        var asked = new HashMap<String, String>();
        ASKED.forEach(stage -> asked.put(asks(stage), stack.address(stage).toString()));
        asked.put("millrace.console.search-url", stack.stack().servers().searchUrl());
        asked.putAll(more);
        var servers = stack.stack().servers();
        return new LoneConsole(port, folder, asked, Map.of("MILLRACE_SOURCE_URL", servers.jdbcUrl(DemoStack.DATABASE), "MILLRACE_SOURCE_USER", servers.postgresUser(), "MILLRACE_SOURCE_PASSWORD", servers.postgresPassword()));
    }

    /** One whose services and search engine are all away. */
    public static LoneConsole overNothing(Path folder, Map<String, String> files) throws IOException {
        write(folder, files);
        var nobody = "http://localhost:" + Ports.free(1).getFirst();
        var asked = new HashMap<String, String>();
        ASKED.forEach(stage -> asked.put(asks(stage), nobody));
        asked.put("millrace.console.search-url", nobody);
        return new LoneConsole(Ports.free(1).getFirst(), folder, asked, Map.of());
    }

    private static String asks(Stage stage) {
        return "millrace.console." + stage.stageName() + "-urls";
    }

    private static void write(Path folder, Map<String, String> files) throws IOException {
        Files.createDirectories(folder.resolve("files"));
        for (var file : files.entrySet()) {
            Files.writeString(folder.resolve("files").resolve(file.getKey()), file.getValue());
        }
    }

    public String address() {
        return address.toString();
    }

    @Override
    public void close() {
        process.stop();
    }
}
