package io.millrace.images;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A start of a service whose loaded and linked classes are kept as its AOT cache. No server is there: a service starts without them,
 * answers that it is alive, and waits; the classes of a start are loaded all the same.
 */
final class Training {

    /** In the application's folder. */
    static final String CACHE = "app.aot";

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration BEAT = Duration.ofMillis(100);
    /** The cache holds to the jar's time, and image tars know whole seconds. */
    private static final FileTime EPOCH = FileTime.from(Instant.ofEpochSecond(1));

    private Training() {}

    /**
     * Copies a built application and trains it there.
     *
     * @param application what the build left
     * @return the folder, ready to be put into an image
     */
    static Path of(String service, Path application, Path folder, JavaRuntime java, Path pipelines) {
        try {
            Commands.delete(folder);
            copy(application, folder);
            train(service, folder, java, pipelines);
            return folder;
        } catch (IOException e) {
            throw new ImageException("Training " + service + " in " + folder + " failed: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException("Training " + service + " was interrupted", e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var walk = Files.walk(from)) {
            for (var file : walk.toList()) {
                var target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else if (!file.toString().endsWith(".aot")) {
                    Files.copy(file, target);
                    Files.setLastModifiedTime(target, EPOCH);
                }
            }
        }
    }

    /** The options of a trained start and of every later one must agree. */
    static List<String> options() {
        return List.of("-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-Djava.util.logging.manager=org.jboss.logmanager.LogManager");
    }

    private static void train(String service, Path folder, JavaRuntime java, Path pipelines) throws IOException, InterruptedException {
        int port = freePort();
        var command = new ArrayList<String>();
        command.add(java.program().toAbsolutePath().toString());
        command.add("-XX:AOTCacheOutput=" + CACHE);
        command.add("-Xmx256m");
        command.addAll(options());
        command.addAll(List.of("-jar", "quarkus-run.jar"));
        var log = folder.resolveSibling(service + ".log");
        var process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
        process.environment().putAll(environment(service, pipelines.toAbsolutePath(), port));
        var training = process.start();
        try {
            awaitAnswer(training, port, List.of("/q/health/started", "/q/health/live", "/q/health/ready", "/q/metrics"), service, log);
        } finally {
            training.destroy();
        }
        // The cache is put together after the service has ended.
        if (!training.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || !Files.exists(folder.resolve(CACHE))) {
            training.destroyForcibly();
            throw new ImageException("The trained start of " + service + " left no cache; its log is " + log, null);
        }
    }

    /** What a service needs to be told to start where no server is; as variables, which an image takes too. */
    static Map<String, String> environment(String service, Path pipelines, int port) {
        var key = "MILLRACE_" + switch (service) {
            case "capture-service" -> "CAPTURE";
            case "schema-registry-gate" -> "GATE";
            case "denormalizer-service" -> "DENORMALIZER";
            case "search-indexer" -> "INDEXER";
            case "console" -> "CONSOLE";
            default -> "PURGE";
        };
        return Map.of(key + "_PIPELINES", pipelines.toString(), "QUARKUS_HTTP_PORT", Integer.toString(port), "QUARKUS_HTTP_HOST", "localhost", "KAFKA_BOOTSTRAP_SERVERS", "localhost:1",
                "MILLRACE_SOURCE_URL", "jdbc:postgresql://localhost:1/none", "MILLRACE_SOURCE_USER", "none", "MILLRACE_SOURCE_PASSWORD", "none");
    }

    /** @throws ImageException when the service ends or does not answer for a long time */
    static void awaitAnswer(Process training, int port, List<String> paths, String service, Path log) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (var client = HttpClient.newHttpClient()) {
            for (var path : paths) {
                while (!answers(client, port, path)) {
                    if (!training.isAlive() || System.nanoTime() > deadline) {
                        throw new ImageException(service + " did not start; its log is " + log, null);
                    }
                    LockSupport.parkNanos(BEAT.toNanos());
                }
            }
        }
    }

    /** Any answer will do: not being ready is one, and its classes are wanted too. */
    private static boolean answers(HttpClient client, int port, String path) throws InterruptedException {
        try {
            client.send(HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).timeout(Duration.ofSeconds(10)).build(), HttpResponse.BodyHandlers.discarding());
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
