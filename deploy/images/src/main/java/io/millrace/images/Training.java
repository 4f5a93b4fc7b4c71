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

    /** How long a start and the making of its cache may each take, unless told otherwise. */
    static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration BEAT = Duration.ofMillis(100);
    /** The cache holds to the jar's time, and image tars know whole seconds. */
    private static final FileTime EPOCH = FileTime.from(Instant.ofEpochSecond(1));

    private Training() {}

    /**
     * Copies a built application and trains it there.
     *
     * @param application what the build left
     * @param patience how long the start, and then the making of the cache, may take
     * @return the folder, ready to be put into an image
     */
    static Path of(String service, Path application, Path folder, JavaRuntime java, Path pipelines, Duration patience) {
        try {
            Commands.delete(folder);
            copy(application, folder);
            train(service, folder, java, pipelines, patience);
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

    /** How Java starts what was trained. */
    static List<String> start() {
        var arguments = new ArrayList<String>();
        arguments.add("-XX:AOTCache=" + CACHE);
        arguments.addAll(options());
        arguments.addAll(List.of("-jar", "quarkus-run.jar"));
        return List.copyOf(arguments);
    }

    private static void train(String service, Path folder, JavaRuntime java, Path pipelines, Duration patience) throws IOException, InterruptedException {
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
            awaitAnswer(training, port, List.of("/q/health/started", "/q/health/live", "/q/health/ready", "/q/metrics"), service, log, patience);
        } finally {
            training.destroy();
        }
        // The cache is put together after the service has ended.
        if (!training.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
            training.destroyForcibly();
            throw new ImageException("The trained start of " + service + " was not through with its cache " + patience.toSeconds() + " s after it was told to stop. On a loaded machine give it longer with --patience SECONDS; its log is " + log, null);
        }
        if (!Files.exists(folder.resolve(CACHE))) {
            throw new ImageException("The trained start of " + service + " ended with exit code " + training.exitValue() + " and left no cache; its log is " + log, null);
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

    /** @throws ImageException when the service ends, or has not answered all paths within the patience */
    static void awaitAnswer(Process training, int port, List<String> paths, String service, Path log, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        try (var client = HttpClient.newHttpClient()) {
            for (var path : paths) {
                while (!answers(client, port, path)) {
                    if (!training.isAlive()) {
                        throw new ImageException(service + " did not start: it ended with exit code " + training.exitValue() + "; its log is " + log, null);
                    }
                    if (System.nanoTime() > deadline) {
                        throw new ImageException(service + " did not answer " + path + " within " + patience.toSeconds() + " s of its start. On a loaded machine give it longer with --patience SECONDS; its log is " + log, null);
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
