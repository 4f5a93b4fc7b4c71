package io.millrace.pipeline.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpAccessTest {

    @TempDir
    Path folder;

    private static HttpAccess of(String url, Map<String, String> keys) {
        return HttpAccess.of(Server.SEARCH, List.of(URI.create(url)), keys.keySet(), name -> Optional.ofNullable(keys.get(name)));
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("secret"), text);
    }

    @Test
    void withoutAKeyNobodyInParticularIsAskedInTheUsualWay() throws Exception {
        var access = of("http://localhost", Map.of("millrace.indexer.group", "another's"));
        assertNull(access.authorization());
        assertSame(SSLContext.getDefault(), access.tls());
        assertTrue(access.why(401).contains("set millrace.search.user with millrace.search.password-file"), access.why(401));
    }

    @Test
    void whoDoesNotAnswerIsToldInASentence() throws IOException {
        var access = of("http://localhost", Map.of());
        int nobody;
        try (var socket = new ServerSocket(0)) {
            nobody = socket.getLocalPort();
        }
        try (var client = access.client().build()) {
            var request = HttpRequest.newBuilder(URI.create("http://localhost:" + nobody)).build();
            assertEquals("nothing answers there; start it, or correct the address", access.why(assertThrows(IOException.class, () -> client.send(request, BodyHandlers.discarding()))));
        }
        assertEquals("its name leads nowhere; correct the address", access.why(new ConnectException().initCause(new UnresolvedAddressException())));
    }

    @Test
    void whoEndsTheConnectionOnAPlainRequestMaySpeakTls() throws IOException {
        var access = of("http://localhost", Map.of());
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); var client = access.client().build()) {
            Thread.ofVirtual().start(() -> endEach(server));
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.getLocalPort())).build();
            assertEquals("it ends the connection without an answer; where it speaks TLS, write https in the address", access.why(assertThrows(IOException.class, () -> client.send(request, BodyHandlers.discarding()))));
        }
    }

    /** As a server does that wants TLS: it reads what came, and goes. */
    private static void endEach(ServerSocket server) {
        try {
            while (true) {
                try (var caller = server.accept()) {
                    assertTrue(caller.getInputStream().read(new byte[8192]) > 0);
                }
            }
        } catch (IOException e) {
            assertTrue(server.isClosed(), e::toString);
        }
    }

    @Test
    void aPasswordIsReadForEachRequest() throws IOException {
        var access = of("https://localhost", Map.of("millrace.search.user", "me", "millrace.search.password-file", file("old\n").toString()));
        assertEquals("Basic bWU6b2xk", access.authorization());
        file("new");
        assertEquals("Basic bWU6bmV3", access.authorization());
        Files.delete(folder.resolve("secret"));
        assertTrue(assertThrows(IOException.class, access::authorization).getMessage().contains("to which millrace.search.password-file refers, cannot be read"));
    }

    @Test
    void aTokenGoesOutUnderItsScheme() throws IOException {
        assertEquals("Bearer abc", of("https://localhost", Map.of("millrace.search.token-file", file("abc").toString())).authorization());
        assertEquals("ApiKey abc", of("https://localhost", Map.of("millrace.search.token-file", file("abc").toString(), "millrace.search.token-scheme", "ApiKey")).authorization());
    }

    @ParameterizedTest
    @CsvSource({"http://search.example,true", "http://localhost:9200,", "http://127.0.0.1:9200,false", "http://[::1]:9200,", "https://search.example,"})
    void aPasswordGoesOutPlainWhereThatIsSaidAndOnThisMachine(String url, String allowed) throws IOException {
        var keys = new HashMap<>(Map.of("millrace.search.user", "me", "millrace.search.password-file", file("old").toString()));
        if (allowed != null) {
            keys.put("millrace.search.allow-plain", allowed);
        }
        assertEquals("Basic bWU6b2xk", of(url, keys).authorization());
    }

    @Test
    void aPasswordFromTheRegionsFileGoesOutPlainNowhereElse() throws IOException {
        var complaint = assertThrows(IllegalStateException.class, () -> of("http://127.0.0.1.example", Map.of()).as("me", () -> "old", "the regions file")).getMessage();
        assertTrue(complaint.startsWith("http://127.0.0.1.example is no https, and what the regions file refers to would be sent there in plain text"), complaint);
        assertEquals("Basic bWU6b2xk", of("http://localhost", Map.of()).as("me", () -> "old", "the regions file").authorization());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "https | user=me                      | millrace.search.user is set and millrace.search.password-file is not",
            "https | certificate-file=FILE        | millrace.search.certificate-file is set and millrace.search.key-file is not",
            "https | oidc.token-url=https://a     | millrace.search.oidc.token-url is set and millrace.search.oidc.client-id is not",
            "https | user=me password-file=FILE token-file=FILE | millrace.search.user and millrace.search.token-file are both set",
            "https | user=me password-file=NOWHERE | to which millrace.search.password-file refers, cannot be read",
            "https | ca-file=FILE                 | (millrace.search.ca-file) cannot be used",
            "http  | ca-file=FILE                 | millrace.search.ca-file is set, and http://search.example is no https",
            "http  | user=me password-file=FILE    | http://search.example is no https, and what millrace.search.password-file refers to would be sent there in plain text; write https, or set millrace.search.allow-plain=true",
            "http  | token-file=FILE              | http://search.example is no https, and what millrace.search.token-file refers to",
            "http  | oidc.token-url=https://a oidc.client-id=b oidc.secret-file=FILE | http://search.example is no https, and what millrace.search.oidc.secret-file refers to",
            "https | oidc.token-url=http://a.example oidc.client-id=b oidc.secret-file=FILE | http://a.example is no https, and what millrace.search.oidc.secret-file refers to",
            "https | allow-plain=yes user=me password-file=FILE | millrace.search.allow-plain is 'yes'; it is true or false",
            "https | pasword-file=FILE            | millrace.search.pasword-file is no setting; under millrace.search. there are ca-file"})
    void whatCannotBeMeantStopsTheStartWithItsKey(String scheme, String settings, String complaint) throws IOException {
        var keys = new HashMap<String, String>();
        for (var setting : settings.split(" ")) {
            var parts = setting.split("=", 2);
            keys.put("millrace.search." + parts[0], parts[1].replace("FILE", file("no certificate").toString()).replace("NOWHERE", folder.resolve("nowhere").toString()));
        }
        var message = assertThrows(IllegalStateException.class, () -> of(scheme + "://search.example", keys)).getMessage();
        assertTrue(message.contains(complaint), message);
    }
}
