package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.LoopbackCapture;
import io.millrace.tests.stack.SecuredStack;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The stack of {@code ./millrace up --secure}: everything works on it, and nothing of it is seen by who only listens. */
@Tag("long")
@ExtendWith(SecuredStack.Shared.class)
class SecureIT {

    private static final byte[] MARKER = "zqmarkerofasecret".getBytes(StandardCharsets.US_ASCII);
    private static final String TEXT = new String(MARKER, StandardCharsets.US_ASCII);

    private final SecuredStack stack;

    SecureIT(SecuredStack stack) {
        this.stack = stack;
    }

    @Test
    void everyCommandFindsItsWayIn() throws Exception {
        var id = stack.index().search("monitors", "{\"match_all\":{}}").getFirst();
        // It ends otherwise than with 0 while changes were slow, as they are when a stage has been killed before.
        var status = stack.run("status").output();
        assertTrue(status.contains("Millrace is ready") && !status.contains("does not answer") && status.lines().filter(line -> line.matches("\\w+ +up .*")).count() == stack.processes().size(), status);
        for (var command : List.of("search monitors disk", "document monitors " + id + " --diff", "trace monitors " + id, "quarantine list", "quarantine documents list monitors", "generations monitors",
                "erasures", "retention monitors", "demo traffic --rate 50 --seconds 3", "verify monitors")) {
            var ran = stack.run(command.split(" "));
            assertEquals(0, ran.code(), () -> command + ": " + ran.output());
        }
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
    }

    /** For which the indexer needs a right of its own on the group. */
    @Test
    void anIndexThatIsRetiredTakesItsConsumerGroupWithIt() throws Exception {
        var served = stack.run("generations", "monitors").output();
        var built = stack.run("rebuild", "monitors", "--hold");
        assertEquals(0, built.code(), built::output);
        var index = built.output().lines().filter(line -> line.startsWith("monitors-")).findFirst().orElseThrow(() -> new AssertionError(served + built.output())).split(" ")[0];
        try (var kafka = Admin.create(stack.kafka())) {
            Awaitility.await("it is written aside").atMost(Duration.ofMinutes(2)).until(() -> groups(kafka).contains("millrace-indexer-" + index));
            var retired = stack.run("retire", "monitors", index, "--name", index);
            assertEquals(0, retired.code(), retired::output);
            Awaitility.await("its group is deleted").atMost(Duration.ofMinutes(2)).until(() -> !groups(kafka).contains("millrace-indexer-" + index));
        }
    }

    private static List<String> groups(Admin kafka) throws Exception {
        return kafka.listGroups().all().get().stream().map(GroupListing::groupId).toList();
    }

    @Test
    void whatGoesFromTheDatabaseToTheIndexIsReadByNobodyWhoListens() throws Exception {
        try (var capture = LoopbackCapture.of(MARKER)) {
            sendPlain();
            Awaitility.await("the capture sees what is sent plain").until(() -> capture.found() > 0);
        }
        try (var capture = LoopbackCapture.of(MARKER); var connection = stack.connect(); var statement = connection.createStatement()) {
            var index = stack.index();
            for (int round = 0; round < 5; round++) {
                statement.executeUpdate("UPDATE public.monitor SET message = '" + (TEXT + " ").repeat(20) + "round" + round + "' WHERE id IN (SELECT id FROM public.monitor ORDER BY id LIMIT 50)");
                var words = "{\"bool\":{\"must\":[{\"match\":{\"message\":\"" + TEXT + "\"}},{\"match\":{\"message\":\"round" + round + "\"}}]}}";
                Awaitility.await("the index has it").atMost(Duration.ofMinutes(2)).until(() -> !index.search("monitors", words).isEmpty());
            }
            stack.run("search", "monitors", TEXT);
            stack.run("verify", "monitors");
            var page = stack.get(stack.process("console").address() + "/api/pipelines/monitors/documents/" + index.search("monitors", "{\"match\":{\"message\":\"" + TEXT + "\"}}").getFirst(), token());
            assertTrue(page.statusCode() == 200 && page.body().contains(TEXT), page::body);
            assertTrue(capture.bytes() > 1_000_000, () -> "the capture has looked at " + capture.bytes() + " bytes");
            System.out.printf("Looked at %,d bytes of the loopback interface%n", capture.bytes());
            assertEquals(0, capture.missed(), "packets that were not looked at");
            assertEquals(0, capture.found(), "packets with the marker");
        }
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
    }

    /** What the capture must find, or its finding nothing means nothing. */
    private static void sendPlain() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); var client = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort()); var accepted = server.accept()) {
            client.getOutputStream().write(MARKER);
            assertEquals(MARKER.length, accepted.getInputStream().readNBytes(MARKER.length).length);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CONSOLE")
    void aKilledServiceGoesOnWhereItWas(Stage stage) throws Exception {
        var name = stage.stageName();
        long pid = stack.process(name).pid();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var traffic = CompletableFuture.supplyAsync(() -> traffic(), threads);
            Thread.sleep(Duration.ofSeconds(3));
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            stack.awaitUp(name, pid);
            assertEquals(0, traffic.get());
        }
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
    }

    private int traffic() {
        try {
            return stack.run("demo", "traffic", "--rate", "100", "--seconds", "10", "--mix", "broad").code();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whoSpeaksPlainIsAnsweredByNobody() throws Exception {
        for (var process : stack.processes()) {
            int port = process.port();
            var said = plain(port);
            assertFalse(said.startsWith("HTTP/1.1 200") || said.contains("UP") || said.contains("cluster_name"), () -> process.name() + " answers plain: " + said);
            if (process.kind().equals("service")) {
                assertTrue(process.address().startsWith("https://"), process::toString);
                assertEquals(200, stack.get(process.address() + "/q/health/live", null).statusCode());
            }
        }
    }

    private static String plain(int port) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(2000);
            socket.getOutputStream().write("GET /q/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            try {
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                return "";
            }
        }
    }

    @Test
    void thePagesOfTheConsoleNeedItsToken() throws Exception {
        var console = stack.process("console").address();
        assertEquals(401, stack.get(console + "/api/pipelines/monitors/search", null).statusCode());
        assertEquals(200, stack.get(console + "/api/pipelines/monitors/search", token()).statusCode());
    }

    private String token() throws IOException {
        return "Bearer " + Files.readString(stack.data().resolve("token")).strip();
    }

    @Test
    void anApplicationReadsItsIndexAndNothingElse() throws Exception {
        var search = stack.process("search").address();
        var reader = stack.keyring().authorization("reader-monitors");
        assertEquals(200, stack.get(search + "/monitors/_search?q=name:disk", reader).statusCode());
        for (var other : List.of("/dashboards/_search", "/millrace-marks/_search", "/_search", "/_cat/indices", "/_cluster/state", "/monitors*/_search")) {
            assertEquals(403, stack.get(search + other, reader).statusCode(), other);
        }
        assertEquals(401, stack.get(search + "/monitors/_search", null).statusCode());
    }

    @Test
    void secretsAreOnNoCommandLineAndTheirFilesTheirOwnersAlone() throws Exception {
        var secrets = new ArrayList<String>();
        try (var files = Files.list(stack.keyring().folder())) {
            for (var file : files.toList()) {
                assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)), file::toString);
                if (file.toString().endsWith(".password")) {
                    secrets.add(Files.readString(file).strip());
                }
            }
        }
        secrets.add(Files.readString(stack.data().resolve("token")).strip());
        assertTrue(secrets.size() > 10, secrets::toString);
        var lines = ProcessHandle.allProcesses().map(p -> p.info().commandLine().orElse("")).toList();
        assertEquals(List.of(), lines.stream().filter(line -> secrets.stream().anyMatch(line::contains)).toList());
        try (var logs = Files.walk(stack.data().resolve("logs"))) {
            for (var log : logs.filter(Files::isRegularFile).toList()) {
                var text = Files.readString(log, StandardCharsets.ISO_8859_1);
                assertTrue(secrets.stream().noneMatch(text::contains), log::toString);
            }
        }
    }
}
