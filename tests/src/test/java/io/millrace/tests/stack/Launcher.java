package io.millrace.tests.stack;

import io.millrace.local.Ports;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The command line as somebody types it: the script in the root, in a process of its own, about the stack of one data folder. */
public final class Launcher {

    private static final List<String> PORTS = List.of("postgres", "kafka", "kafka-controller", "registry", "registry-management", "search", "search-transport", "capture", "gate",
            "denormalizer", "indexer", "purge", "console", "connect");

    private final Path data;
    private final Map<String, String> environment;
    private final List<Integer> ports = Ports.free(PORTS.size());

    /**
     * @param code exit code
     * @param output of both kinds
     * @param took from its start to its end
     */
    public record Ran(int code, String output, Duration took) {}

    /** @param environment what is set besides what this process has */
    public Launcher(Path data, Map<String, String> environment) {
        this.data = data;
        this.environment = Map.copyOf(environment);
    }

    /** A command about the stack. */
    public Ran run(String... arguments) throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--data", data.toString()));
        return plain(all.toArray(String[]::new));
    }

    /** {@code up} in the background, on free ports. */
    public Ran up(String... arguments) throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of("up", "--detach"));
        all.addAll(List.of(arguments));
        for (int i = 0; i < PORTS.size(); i++) {
            all.addAll(List.of("--port", PORTS.get(i) + "=" + ports.get(i)));
        }
        return run(all.toArray(String[]::new));
    }

    /** A command that has nothing to do with a stack. */
    public Ran plain(String... arguments) throws IOException, InterruptedException {
        return typed(environment, arguments);
    }

    /** @param environment what is set besides what this process has */
    static Ran typed(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(DemoStack.home().resolve("millrace").toString()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        // What is tested is built; the script would build anew what somebody has touched since, under the feet of all that runs.
        builder.environment().putAll(Map.of("MILLRACE_BUILD", "never", "JAVA_HOME", System.getProperty("java.home")));
        long begin = System.nanoTime();
        var process = builder.start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ran(process.waitFor(), output, Duration.ofNanos(System.nanoTime() - begin));
    }
}
