package io.millrace.local;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A start of a built service whose loaded and linked classes are kept as its AOT cache. No server is there: a service starts without them, answers that it is alive, and waits; the classes of a
 * start are loaded all the same. The build of each service runs it; a cache that is newer than the service is kept.
 */
public final class ServiceTraining {

    /** Beside the service's jar. */
    public static final String CACHE = "app.aot";
    /** The options of a trained start and of every later one must agree. */
    public static final List<String> OPTIONS = List.of("-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-Djava.util.logging.manager=org.jboss.logmanager.LogManager");

    private static final String JAR = "quarkus-run.jar";
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration BEAT = Duration.ofMillis(100);
    private static final List<String> QUESTIONS = List.of("/q/health/started", "/q/health/live", "/q/health/ready", "/q/metrics");

    private ServiceTraining() {}

    /**
     * Trains the service that a module's build has left.
     *
     * @param args the service's name, the folder of its jar, a folder of pipeline files
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        var folder = Path.of(args[1]).toAbsolutePath().normalize();
        var jar = folder.resolve(JAR);
        var cache = folder.resolve(CACHE);
        if (!Files.exists(jar) || Files.exists(cache) && Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(jar)) > 0) {
            return;
        }
        try {
            train(args[0], folder, Path.of(System.getProperty("java.home"), "bin", "java"), Path.of(args[2]), folder.resolveSibling("training.log"), PATIENCE);
        } catch (LocalException e) {
            System.err.println("The service has no AOT cache, so it starts slower; all else is the same. " + e.getMessage());
        }
    }

    /**
     * Starts a service, asks it for its health and its metrics, stops it, and waits until its cache is there.
     *
     * @param service module's name, e.g. {@code capture-service}
     * @param folder of its {@code quarkus-run.jar}, where the cache is left
     * @param java program
     * @param log file for what it says
     * @param patience how long the start, and then the making of the cache, may take
     * @throws LocalException when it does not start, or leaves no cache
     */
    public static void train(String service, Path folder, Path java, Path pipelines, Path log, Duration patience) throws IOException, InterruptedException {
        Files.deleteIfExists(folder.resolve(CACHE));
        int port = Ports.free(1).getFirst();
        var command = new ArrayList<String>();
        command.add(java.toAbsolutePath().toString());
        command.add("-XX:AOTCacheOutput=" + CACHE);
        command.add("-Xmx256m");
        command.addAll(OPTIONS);
        command.addAll(List.of("-jar", folder.toAbsolutePath().resolve(JAR).toString()));
        var process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
        process.environment().putAll(environment(service, pipelines.toAbsolutePath(), port));
        var training = process.start();
        try {
            awaitAnswer(training, port, QUESTIONS, service, log, patience);
        } finally {
            training.destroy();
        }
        // The cache is put together after the service has ended.
        if (!training.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
            training.destroyForcibly();
            throw new LocalException("The trained start of " + service + " was not through with its cache " + patience.toSeconds() + " s after it was told to stop. On a loaded machine give it longer with --patience SECONDS; its log is " + log);
        }
        if (!Files.exists(folder.resolve(CACHE))) {
            throw new LocalException("The trained start of " + service + " ended with exit code " + training.exitValue() + " and left no cache; its log is " + log);
        }
    }

    /** What a service needs to be told to start where no server is; as variables, which an image takes too. */
    public static Map<String, String> environment(String service, Path pipelines, int port) {
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

    /** @throws LocalException when the service ends, or has not answered all paths within the patience */
    public static void awaitAnswer(Process training, int port, List<String> paths, String service, Path log, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        try (var client = HttpClient.newHttpClient()) {
            for (var path : paths) {
                while (!answers(client, port, path)) {
                    if (!training.isAlive()) {
                        throw new LocalException(service + " did not start: it ended with exit code " + training.exitValue() + "; its log is " + log);
                    }
                    if (System.nanoTime() > deadline) {
                        throw new LocalException(service + " did not answer " + path + " within " + patience.toSeconds() + " s of its start. On a loaded machine give it longer with --patience SECONDS; its log is " + log);
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
}
