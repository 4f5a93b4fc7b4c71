package io.millrace.images;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ServiceTraining;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.StreamSupport;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageTest {

    private static final String SERVICE = """
            public class Main {
                public static void main(String[] args) throws Exception {
                    var server = com.sun.net.httpserver.HttpServer.create(new java.net.InetSocketAddress("localhost", Integer.parseInt(System.getenv("QUARKUS_HTTP_PORT"))), 0);
                    server.createContext("/", exchange -> { exchange.sendResponseHeaders(200, -1); exchange.close(); });
                    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(0)));
                    server.start();
                }
            }
            """;

    @TempDir
    private Path folder;

    @Test
    void aTrainedStartLeavesACacheThatALaterStartTakes() throws Exception {
        var java = new JavaRuntime(Path.of(System.getProperty("java.home")));
        var trained = Training.of("purge-service", application(SERVICE), folder.resolve("trained"), java, folder, Training.PATIENCE);

        var log = Commands.output(List.of(java.program().toString(), "-XX:AOTCache=" + trained.resolve(ServiceTraining.CACHE), "-Xlog:aot", "-XX:+UseSerialGC", "-cp", trained.resolve("quarkus-run.jar").toString(), "-version"));
        assertTrue(log.contains("Opened AOT cache"), log);
        assertEquals(FileTime.from(Instant.ofEpochSecond(1)), Files.getLastModifiedTime(trained.resolve("quarkus-run.jar")));
    }

    @Test
    void aServiceThatDoesNotStartIsNamedWithItsLog() throws Exception {
        var broken = application("public class Main { public static void main(String[] args) { System.out.println(\"no\"); } }");
        var java = new JavaRuntime(Path.of(System.getProperty("java.home")));
        var failure = assertThrows(ImageException.class, () -> Training.of("purge-service", broken, folder.resolve("trained"), java, folder, Training.PATIENCE));
        assertTrue(failure.getMessage().contains("purge-service did not start: it ended with exit code 0; its log is"), failure::getMessage);
    }

    @Test
    void aStartThatTakesTooLongIsToldWithThePatienceAndHowToGiveMore() throws Exception {
        var silent = application("public class Main { public static void main(String[] args) throws Exception { Thread.currentThread().join(); } }");
        var java = new JavaRuntime(Path.of(System.getProperty("java.home")));
        var failure = assertThrows(ImageException.class, () -> Training.of("purge-service", silent, folder.resolve("trained"), java, folder, Duration.ofSeconds(1)));
        assertTrue(failure.getMessage().startsWith("purge-service did not answer /q/health/started within 1 s of its start. On a loaded machine give it longer with --patience SECONDS; its log is"), failure::getMessage);
    }

    @Test
    void theTarHoldsJavaAndApplicationAndStartsAsAUserWithoutRights() throws IOException {
        var java = Files.createDirectories(folder.resolve("java/bin"));
        Files.writeString(java.resolve("java"), "java");
        var application = Files.createDirectories(folder.resolve("application"));
        Files.setLastModifiedTime(Files.writeString(application.resolve("quarkus-run.jar"), "jar"), FileTime.from(Instant.ofEpochSecond(1)));
        // A base of its own, so that nothing of this machine has to be there.
        var base = folder.resolve("base.tar");
        new Image("millrace/base:1", "scratch", new JavaRuntime(folder.resolve("java")), application, Training.start()).writeTo(base, List.of());
        var tar = folder.resolve("image.tar");
        new Image("millrace/some-service:1.2", "tar://" + base, new JavaRuntime(folder.resolve("java")), application, Training.start()).writeTo(tar);

        var unpacked = Files.createDirectories(folder.resolve("unpacked"));
        Commands.run(unpacked, List.of("tar", "xf", tar.toString()));
        var manifest = new ObjectMapper().readTree(unpacked.resolve("manifest.json").toFile()).get(0);
        var config = new ObjectMapper().readTree(unpacked.resolve(manifest.path("Config").asText()).toFile()).path("config");
        assertAll(
                () -> assertEquals(List.of("millrace/some-service:1.2"), texts(manifest.path("RepoTags"))),
                () -> assertEquals("10001:10001", config.path("User").asText()),
                () -> assertEquals("/deployments", config.path("WorkingDir").asText()),
                () -> assertEquals(List.of("/opt/java/bin/java", "-XX:AOTCache=app.aot"), texts(config.path("Entrypoint")).subList(0, 2)),
                () -> assertEquals(4, manifest.path("Layers").size(), "the base's two and two of its own"));
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
    }

    /** A jar that starts as a service's does. */
    private Path application(String source) throws IOException {
        var classes = Files.createDirectories(folder.resolve("classes"));
        var file = Files.writeString(classes.resolve("Main.java"), source);
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "-d", classes.toString(), file.toString()));
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "Main");
        var application = Files.createDirectories(folder.resolve("built"));
        try (var jar = new JarOutputStream(Files.newOutputStream(application.resolve("quarkus-run.jar")), manifest); var all = Files.list(classes)) {
            for (var type : all.filter(f -> f.toString().endsWith(".class")).toList()) {
                jar.putNextEntry(new JarEntry(type.getFileName().toString()));
                jar.write(Files.readAllBytes(type));
            }
        }
        return application;
    }
}
