package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.CertificateAuthority;
import io.millrace.local.Ports;
import io.millrace.local.TlsDoor;
import io.millrace.local.TlsDoor.Callers;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A registry and a search engine that ask who comes, behind TLS of an authority of their own: what is wrong is named, and no document is lost over it. */
class SecuredServersIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String FIELDS = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final String ALIAS = "server";

    @TempDir
    static Path folder;
    private static Stack stack;
    private static CertificateAuthority authority;
    private static CertificateAuthority stranger;
    private static Path ca;
    private static Path password;
    private static int port;
    private static TlsDoor registry;
    private static TlsDoor search;
    private static int documents;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        stack.pipeline("secured", "id, name", FIELDS, "");
        authority = new CertificateAuthority(folder.resolve("authority"));
        stranger = new CertificateAuthority(folder.resolve("stranger"));
        for (var one : List.of(authority, stranger)) {
            one.issue(ALIAS, "dns:localhost");
        }
        authority.issue("elsewhere", "dns:elsewhere.example");
        authority.issue("old", "dns:localhost", 10);
        var own = authority.issue("indexer", "dns:indexer");
        ca = Files.copy(authority.certificate(), folder.resolve("ca.pem"));
        password = Files.writeString(folder.resolve("password"), "first\n");
        var ports = Ports.free(2);
        port = ports.get(0);
        registry = new TlsDoor(ports.get(1), URI.create(stack.servers.registryUrl()), authority, ALIAS, Callers.WITH_CERTIFICATE, basic("reader", "of schemas"));
        open(authority, ALIAS, basic("millrace", "first"));
        var settings = new HashMap<>(Map.of("millrace.indexer.search-url", "https://localhost:" + port, "millrace.search.ca-file", ca.toString(), "millrace.search.user", "millrace",
                "millrace.search.password-file", password.toString(), "millrace.indexer.request-timeout", "5s"));
        settings.putAll(Map.of("millrace.indexer.registry-url", "https://localhost:" + registry.port() + "/apis/registry/v3", "millrace.registry.ca-file", authority.certificate().toString(),
                "millrace.registry.certificate-file", own.certificate().toString(), "millrace.registry.key-file", own.key().toString(), "millrace.registry.user", "reader",
                "millrace.registry.password-file", Files.writeString(folder.resolve("registry-password"), "of schemas").toString()));
        stack.startIndexer(settings, Map.of());
    }

    @AfterAll
    static void stopAll() {
        if (search != null) {
            search.close();
        }
        if (registry != null) {
            registry.close();
        }
        if (stack != null) {
            stack.close();
        }
    }

    private static Predicate<String> basic(String user, String password) {
        return ("Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8)))::equals;
    }

    private static void open(CertificateAuthority by, String alias, Predicate<String> lets) {
        if (search != null) {
            search.close();
        }
        search = new TlsDoor(port, URI.create(stack.servers.searchUrl()), by, alias, Callers.ANYBODY, lets);
    }

    @Test
    void aPasswordThatIsChangedAtTheEngineIsNamedUntilItsFileHasTheNewOne() throws Exception {
        awaitAllOf(write());
        search.let(basic("millrace", "second"));
        int waiting = write();
        awaitReason("HTTP 401, so the search engine does not know the user millrace with the password of " + password + " (millrace.search.password-file)");
        replace(password, "second");
        awaitAllOf(waiting);
        awaitUp();
        search.let(basic("millrace", "first"));
        replace(password, "first");
        awaitAllOf(write());
    }

    @Test
    void aCertificateThatIsNotBelievedIsNamedWithItsReasonAndAnExchangedAuthorityIsReadAgain() throws Exception {
        awaitAllOf(write());
        var lets = basic("millrace", "first");
        open(authority, "elsewhere", lets);
        int waiting = write();
        awaitReason("its certificate is for another host");
        open(authority, "old", lets);
        awaitReason("is out of its time");
        open(stranger, ALIAS, lets);
        awaitReason("its certificate is not signed by any of " + ca + " (millrace.search.ca-file)");
        assertTrue(stack.count("secured") < waiting, "nothing went to somebody who is not believed");
        replace(ca, Files.readString(stranger.certificate()));
        awaitAllOf(waiting);
        replace(ca, Files.readString(authority.certificate()));
        open(authority, ALIAS, lets);
        awaitAllOf(write());
        awaitUp();
    }

    @Test
    void theMappingComesFromARegistryThatAsksForACertificateAndAPassword() throws Exception {
        awaitAllOf(write());
        assertEquals("long", stack.get("/secured/_mapping").iterator().next().path("mappings").path("properties").path("id").path("type").asText());
    }

    /** Ten more documents. @return how many there are to be now */
    private static int write() throws Exception {
        for (int i = 0; i < 10; i++) {
            documents++;
            stack.document("secured", "d" + documents, 1, "{\"id\":" + documents + ",\"name\":\"n\"}").get();
        }
        return documents;
    }

    /** As a secret is rotated: the file is another one at once. */
    private static void replace(Path file, String text) throws IOException {
        Files.move(Files.writeString(folder.resolve("next"), text), file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void awaitAllOf(int count) {
        await().atMost(SOON).untilAsserted(() -> assertEquals(count, stack.count("secured"), () -> stack.ready().toString()));
    }

    private static void awaitReason(String reason) {
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains(reason), () -> stack.ready().toString()));
    }

    private static void awaitUp() {
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }
}
