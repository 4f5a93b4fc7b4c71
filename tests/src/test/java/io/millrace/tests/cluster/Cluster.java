package io.millrace.tests.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The cluster of this run, by kubectl as a process, always with the kubeconfig of this run, so that no other cluster can be meant. */
final class Cluster {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SHORT = Duration.ofSeconds(60);

    private final String program;
    private final Path kubeconfig;

    /** @param program a path, or a name in the PATH */
    Cluster(String program, Path kubeconfig) {
        this.program = program;
        this.kubeconfig = kubeconfig;
    }

    /** The program, and what tells it which cluster. */
    List<String> command() {
        return List.of(program, "--kubeconfig", kubeconfig.toString());
    }

    /**
     * @return what it said on standard output
     * @throws AssertionError with all that it said, when it fails or takes longer than a minute
     */
    String run(String... arguments) {
        return ask(SHORT, null, arguments);
    }

    /** The same, for what may take longer. */
    String run(Duration patience, String... arguments) {
        return ask(patience, null, arguments);
    }

    /** Applies manifests given as text. */
    String apply(String manifests) {
        return ask(SHORT, manifests, "apply", "-f", "-");
    }

    /** Posts an object to an address of the API, for what no other command does. */
    String create(String address, String object) {
        return ask(SHORT, object, "create", "--raw", address, "-f", "-");
    }

    /** The objects that are asked for. */
    JsonNode json(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("-o", "json"));
        return parse(run(all.toArray(String[]::new)), all);
    }

    /** What an address of the API answers. */
    JsonNode raw(String address) {
        return parse(run("get", "--raw", address), List.of("get", "--raw", address));
    }

    private static JsonNode parse(String answer, List<String> asked) {
        try {
            return JSON.readTree(answer);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("kubectl " + String.join(" ", asked) + " gave no JSON", e);
        }
    }

    /** Whether the cluster answers and says that it is ready; what stands in the way, or null. */
    String unreachable() {
        try {
            run("get", "--raw", "/readyz", "--request-timeout=10s");
            return null;
        } catch (AssertionError e) {
            return e.getMessage();
        }
    }

    private String ask(Duration patience, String input, String... arguments) {
        var command = new ArrayList<>(command());
        command.addAll(List.of(arguments));
        var said = "kubectl " + String.join(" ", arguments);
        try {
            var process = new ProcessBuilder(command).start();
            var output = read(process.getInputStream());
            var errors = read(process.getErrorStream());
            try (var in = process.getOutputStream()) {
                if (input != null) {
                    in.write(input.getBytes(StandardCharsets.UTF_8));
                }
            }
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(said + " took longer than " + patience.toSeconds() + " s; it said: " + output.getNow("") + errors.getNow(""));
            }
            if (process.exitValue() != 0) {
                throw new AssertionError(said + " failed: " + output.join() + errors.join());
            }
            return output.join();
        } catch (IOException e) {
            throw new AssertionError(said + " cannot be run by the program '" + program + "': " + e.getMessage() + ". Name another with --kubectl", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted during " + said, e);
        }
    }

    private static CompletableFuture<String> read(InputStream stream) {
        var text = new CompletableFuture<String>();
        Thread.ofVirtual().start(() -> {
            try (stream) {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                text.completeExceptionally(new UncheckedIOException(e));
            }
        });
        return text;
    }
}
