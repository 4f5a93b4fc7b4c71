package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.millrace.local.CertificateAuthority;
import io.millrace.local.GuardedListener;
import io.millrace.local.Ports;
import io.millrace.local.TlsDoor;
import io.millrace.local.TlsDoor.Callers;
import io.millrace.pipeline.kafka.PasswordFile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Postgres by a password in a file, Kafka by SCRAM, the registry by TLS and OIDC: each secret is exchanged while capture runs, and no change is lost over it. */
@Tag("long")
class SecretsIT {

    private static final String ROLE = "reader";
    private static final String USER = "capture";

    @TempDir
    static Path folder;
    private static Stack stack;
    private static GuardedListener guarded;
    private static HttpServer provider;
    private static TlsDoor login;
    private static TlsDoor registry;
    private static CertificateAuthority authority;
    private static volatile String token = "one";

    @BeforeAll
    static void startServers() throws Exception {
        var ports = Ports.free();
        var further = Ports.free(3);
        guarded = new GuardedListener(ports, further.get(0), List.of());
        var kafka = new HashMap<>(guarded.settings());
        kafka.put("super.users", "User:ANONYMOUS;" + GuardedListener.principal(USER));
        stack = new Stack(folder.resolve("stack"), ports, Map.of(), kafka);
        authority = new CertificateAuthority(folder.resolve("authority"));
        authority.issue("server", "dns:localhost");
        provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        provider.createContext("/token", call -> {
            var answer = ("{\"access_token\": \"" + token + "\", \"token_type\": \"Bearer\", \"expires_in\": 3600}").getBytes(StandardCharsets.UTF_8);
            call.sendResponseHeaders(200, answer.length);
            call.getResponseBody().write(answer);
            call.close();
        });
        provider.start();
        login = new TlsDoor(further.get(1), URI.create("http://localhost:" + provider.getAddress().getPort()), authority, "server", Callers.ANYBODY, basic("first-secret"));
        registry = new TlsDoor(further.get(2), URI.create(stack.servers.registryUrl()), authority, "server", Callers.ANYBODY, "Bearer one"::equals);
    }

    @AfterAll
    static void stopServers() {
        registry.close();
        login.close();
        provider.stop(0);
        stack.close();
    }

    private static Predicate<String> basic(String secret) {
        return ("Basic " + Base64.getEncoder().encodeToString((USER + ":" + secret).getBytes(StandardCharsets.UTF_8)))::equals;
    }

    @Test
    void everySecretIsExchangedWhileItRunsAndNoChangeIsLost() throws Exception {
        stack.source("secrets", "CREATE TABLE thing (id int PRIMARY KEY)", "CREATE ROLE " + ROLE + " SUPERUSER LOGIN PASSWORD 'first-secret'");
        stack.publish("secrets", "thing");
        scram("first-secret");
        var postgresPassword = secret("postgres", "first-secret");
        var kafkaPassword = secret("kafka", "first-secret");
        var clientSecret = secret("client", "first-secret");
        try (var capture = CaptureProcess.withPasswordFile(stack, folder, "secrets", ROLE, postgresPassword, CaptureProcess.root("thing"),
                "-Dmillrace.capture.registry-url=https://localhost:" + registry.port() + "/apis/registry/v3", "-Dmillrace.registry.ca-file=" + authority.certificate(),
                "-Dmillrace.registry.oidc.token-url=https://localhost:" + login.port() + "/token", "-Dmillrace.registry.oidc.ca-file=" + authority.certificate(),
                "-Dmillrace.registry.oidc.client-id=" + USER, "-Dmillrace.registry.oidc.secret-file=" + clientSecret,
                "-Dkafka.bootstrap.servers=" + guarded.client(USER).get("bootstrap.servers"), "-Dkafka.security.protocol=SASL_PLAINTEXT", "-Dkafka.sasl.mechanism=SCRAM-SHA-512",
                "-Dkafka.sasl.client.callback.handler.class=" + PasswordFile.class.getName(),
                "-Dkafka.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + USER + "\" passwordFile=\"" + kafkaPassword + "\";");
                var records = new Records(stack, "captured.secrets.public.thing")) {
            write(1);
            capture.awaitStreaming();
            arrived(records, capture, 1);

            stack.sql("postgres", "ALTER ROLE " + ROLE + " PASSWORD 'second-secret'", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + ROLE + "'");
            write(2);
            capture.awaitReady("\"DOWN\"", "Postgres refuses the login", "correct the user or the password that the pipeline file refers to");
            secret("postgres", "second-secret");
            arrived(records, capture, 2);

            scram("second-secret");
            stack.servers.kafka().kill();
            stack.servers.kafka().start();
            write(3);
            capture.awaitReady("\"DOWN\"", "invalid credentials with SASL mechanism SCRAM-SHA-512");
            secret("kafka", "second-secret");
            arrived(records, capture, 3);

            token = "two";
            login.let(basic("second-secret"));
            registry.let("Bearer two"::equals);
            stack.sql("secrets", "ALTER TABLE thing ADD COLUMN name text");
            write(4);
            capture.awaitReady("\"DOWN\"", "gives no token: it answers HTTP 401, so it does not take the client " + USER, "millrace.registry.oidc.secret-file");
            secret("client", "second-secret");
            arrived(records, capture, 4);
            capture.awaitReady("\"UP\"", "streaming");
            for (var secret : List.of("first-secret", "second-secret", "Bearer one", "Bearer two")) {
                assertTrue(!capture.log().contains(secret), "the log holds no secret");
            }
        }
    }

    private static void write(int id) throws Exception {
        stack.sql("secrets", "INSERT INTO thing (id) VALUES (" + id + ")");
    }

    private static void arrived(Records records, CaptureProcess capture, int id) throws Exception {
        records.await(capture, rows -> rows.stream().anyMatch(row -> row.value() != null && row.text("id").equals(Integer.toString(id))));
    }

    private static void scram(String password) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()))) {
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(USER, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password))).all().get();
        }
    }

    /** As a secret is rotated: the file is another one at once. */
    private static Path secret(String name, String text) throws IOException {
        return Files.move(Files.writeString(folder.resolve(name + ".next"), text), folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
}
