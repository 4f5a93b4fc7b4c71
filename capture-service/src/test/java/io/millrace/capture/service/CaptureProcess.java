package io.millrace.capture.service;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** The packaged service as a process of its own. */
final class CaptureProcess implements AutoCloseable {

    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Duration PATIENCE = Duration.ofSeconds(150);
    /** How long changes may be missing before health says so. */
    private static final Duration SAID = Duration.ofSeconds(30);

    private final Process process;
    private final Path log;
    private final int port;

    private CaptureProcess(Process process, Path log, int port) {
        this.process = process;
        this.log = log;
        this.port = port;
    }

    /** Captures a source for a pipeline over its tables. */
    static CaptureProcess start(Stack stack, Path folder, String source, String user, String password, String tables, String... options) throws IOException {
        return recovering(stack, folder, "ask", source, user, password, tables, options);
    }

    /** @param recovery as in the pipeline file; further lines of the source may follow */
    static CaptureProcess recovering(Stack stack, Path folder, String recovery, String source, String user, String password, String tables, String... options) throws IOException {
        return start(stack, stack.servers, folder, recovery, source, user, "{env: SOURCE_PASSWORD}", password, tables, options);
    }

    /** The password stands in a file. */
    static CaptureProcess withPasswordFile(Stack stack, Path folder, String source, String user, Path password, String tables, String... options) throws IOException {
        return start(stack, stack.servers, folder, "ask", source, user, "{file: " + password + "}", "", tables, options);
    }

    /** @param copied has a copy of the source's database; Kafka and registry are the stack's */
    static CaptureProcess ofCopy(LocalServers copied, Stack stack, Path folder, String recovery, String source, String tables, String... options) throws IOException {
        return start(stack, copied, folder, recovery, source, copied.postgresUser(), "{env: SOURCE_PASSWORD}", copied.postgresPassword(), tables, options);
    }

    long pid() {
        return process.pid();
    }

    private static CaptureProcess start(Stack stack, LocalServers database, Path folder, String recovery, String source, String user, String reference, String password, String tables, String... options) throws IOException {
        var pipeline = folder.resolve(source + ".yaml");
        Files.writeString(pipeline, """
                millrace: 1
                name: %1$s
                source:
                  name: %1$s
                  url: {env: SOURCE_URL}
                  user: {env: SOURCE_USER}
                  password: %4$s
                  recovery: %3$s
                %2$s
                index:
                  name: %1$s
                """.formatted(source, tables, recovery, reference));
        int port = Ports.free(1).getFirst();
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:TieredStopAtLevel=1",
                "-Dquarkus.http.port=" + port, "-Dquarkus.http.host=localhost",
                "-Dmillrace.capture.pipelines=" + pipeline,
                "-Dmillrace.capture.registry-url=" + stack.servers.registryUrl(),
                "-Dmillrace.capture.heartbeat=1s",
                "-Dmillrace.capture.watch=1s",
                "-Dmillrace.capture.trace-rate=0",
                "-Dkafka.bootstrap.servers=" + stack.servers.kafkaBootstrap()));
        command.addAll(List.of(options));
        var jar = Path.of("target", "quarkus-app", "quarkus-run.jar").toAbsolutePath();
        command.addAll(ProcessSpec.serviceOptions(jar));
        command.addAll(List.of("-jar", jar.toString()));
        var log = Files.createTempFile(folder, source, ".log");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("SOURCE_URL", database.jdbcUrl(source));
        builder.environment().put("SOURCE_USER", user);
        builder.environment().put("SOURCE_PASSWORD", password);
        return new CaptureProcess(builder.start(), log, port);
    }

    /** A document that is only the root. */
    static String root(String table) {
        return "document:\n  root: public." + table + "\n  fields: [id]\n";
    }

    String get(String path) {
        try {
            return HTTP.send(HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString()).body();
        } catch (IOException e) {
            return "no answer: " + e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    /** The answer's body to a request with a bearer token. */
    String post(String path, String token) {
        return ask("POST", path, token);
    }

    /** The answer's body to a request with a bearer token. */
    String ask(String method, String path, String token) {
        try {
            return HTTP.send(HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).timeout(Duration.ofSeconds(20)).header("Authorization", "Bearer " + token)
                    .method(method, HttpRequest.BodyPublishers.noBody()).build(), BodyHandlers.ofString()).body();
        } catch (IOException e) {
            return "no answer: " + e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    String ready() {
        return get("/q/health/ready");
    }

    CaptureProcess awaitStreaming() {
        try {
            awaitReady("\"UP\"", "streaming");
        } catch (AssertionError e) {
            // The caller has nothing yet that it could close.
            process.destroyForcibly();
            throw e;
        }
        return this;
    }

    void awaitReady(String... parts) {
        awaitReady(_ -> true, parts);
    }

    void awaitReady(Predicate<String> also, String... parts) {
        await("/q/health/ready", PATIENCE, also, parts);
    }

    void awaitAlive(String... parts) {
        await("/q/health/live", PATIENCE, _ -> true, parts);
    }

    private void await(String path, Duration patience, Predicate<String> also, String... parts) {
        try {
            Awaitility.await().atMost(patience).pollInterval(Duration.ofMillis(100)).until(() -> {
                var answer = get(path);
                return List.of(parts).stream().allMatch(answer::contains) && also.test(answer);
            });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("Health should say " + List.of(parts) + " and says " + get(path) + "\n" + log(), e);
        }
    }

    /** Health says within 30 s of a process that answers, with these parts, that changes of a table may be missing, alone or with other tables. */
    void awaitMissing(String table, String... parts) {
        awaitReady("\"checks\"");
        await("/q/health/ready", SAID, answer -> saysMissing(answer, table), Stream.concat(Stream.of("\"DOWN\""), Stream.of(parts)).toArray(String[]::new));
    }

    static boolean saysMissing(String answer, String table) {
        return Pattern.compile("Changes of the tables? [^:]*\\b" + Pattern.quote(table) + "\\b[^:]* may be missing").matcher(answer).find();
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** The memory that the process has, in MiB. */
    long megabytes() throws IOException {
        return status("VmRSS:");
    }

    /** The most memory that the process ever had, in MiB. */
    long peakMegabytes() throws IOException {
        return status("VmHWM:");
    }

    private long status(String field) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
            return lines.filter(line -> line.startsWith(field)).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).sum() >> 10;
        }
    }

    /** Sends the process a signal by its name, {@code STOP} to freeze it. */
    void signal(String name) throws IOException, InterruptedException {
        if (new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start().waitFor() != 0) {
            throw new IOException("The process " + process.pid() + " cannot be sent the signal " + name);
        }
    }

    /** As a crash would. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** The exit code after a polite request, or of its own accord. */
    int stop() throws InterruptedException {
        process.destroy();
        return exit();
    }

    int exit() throws InterruptedException {
        if (!process.waitFor(90, TimeUnit.SECONDS)) {
            throw new AssertionError("Capture does not end: " + log());
        }
        return process.exitValue();
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
