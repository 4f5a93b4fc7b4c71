package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.DemoDatabase;
import io.millrace.launcher.stack.StackAccess;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.CertificateAuthority;
import io.millrace.local.Keyring;
import io.millrace.local.LocalServers;
import io.millrace.local.OwnersAlone;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.oracle.Oracles;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Each secret and each certificate of a secured stack is exchanged while rows change, as the documentation says: without a restart of a service, but for the authority that Kafka's clients believe.
 * Nothing is lost, and what was exchanged opens nothing any more.
 */
@Tag("long")
class RotationIT {

    private static final int PORT_BASE = SharedStack.PORT_BASE + 1000;
    private static final int MONITORS = 300;
    private static final int RATE = 40;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** As whom capture, purge service and console come. */
    private static final List<String> ROLES = Stream.of(SourceUser.values()).map(DemoDatabase::role).toList();
    private static final String ROLE = ROLES.getFirst();
    private static final String NAMES = "dns:localhost,ip:127.0.0.1";
    private static final List<String> SHOWN = List.of("postgres", "kafka", "registry", "search", "services");
    private static final int ITERATIONS = 4096;

    private static DemoStack stack;
    private static Keyring keyring;

    /** What is exchanged while rows change. */
    @FunctionalInterface
    private interface Exchange {
        void make() throws Exception;
    }

    @BeforeAll
    static void start() throws IOException {
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("rotation");
        DemoStack.delete(data);
        stack = DemoStack.secured(data, PORT_BASE, MONITORS, List.of(pipelines(data)), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        keyring = Keyring.in(data);
        // One pipeline file for all services of this machine names one file of a password, so here the roles have the same one.
        for (var role : ROLES) {
            OwnersAlone.write(keyring.passwordFile(role), keyring.password(ROLE));
        }
        stack.start();
    }

    /** Those of the demo with the password in a file; the environment of a process is never another one. */
    private static Path pipelines(Path data) throws IOException {
        var folder = Files.createDirectories(data.resolve("pipelines"));
        try (var files = Files.list(DemoStack.home().resolve("deploy").resolve("demo").resolve("pipelines"))) {
            for (var file : files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
                var text = Files.readString(file);
                var byFile = text.replace("{env: MILLRACE_SOURCE_PASSWORD}", "{file: " + data.resolve("secure").resolve(ROLE + ".password") + "}");
                assertTrue(!byFile.equals(text), file::toString);
                Files.writeString(folder.resolve(file.getFileName()), byFile);
            }
        }
        return folder;
    }

    @AfterAll
    static void stop() {
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void thePasswordsOfTheDatabasesRoles() throws Exception {
        var old = keyring.password(ROLE);
        withoutARestart(701, () -> {
            var next = random();
            for (var role : ROLES) {
                sql("ALTER ROLE " + role + " PASSWORD '" + next + "'", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role + "'");
            }
            awaitComplaint(Stage.CAPTURE, "refuses the login");
            awaitComplaint(Stage.PURGE, "the source database does not answer");
            for (var role : ROLES) {
                OwnersAlone.write(keyring.passwordFile(role), next);
            }
            awaitReady();
        });
        for (var role : ROLES) {
            assertThrows(SQLException.class, () -> DriverManager.getConnection(stack.stack().servers().jdbcUrl("demo"), role, old).close());
        }
    }

    /** In this stack a service has one password, in one file, for three servers. */
    @Test
    void theServicesPasswordsAtKafkaRegistryAndSearchEngine() throws Exception {
        var old = keyring.password(Stage.INDEXER.user());
        var servers = stack.stack().servers();
        withoutARestart(702, () -> {
            for (var stage : Stage.values()) {
                OwnersAlone.write(keyring.passwordFile(stage.user()), random());
            }
            tellSearchEngine();
            tellKafka();
            servers.registry().restart();
            // What is connected stays so; this way nobody is.
            servers.kafka().restart();
            // No schema that the registry has told before will do for this.
            sql("ALTER TABLE public.tag ADD COLUMN rotated text", "INSERT INTO public.tag (key, value, rotated) VALUES ('env', 'after the exchange', 'r')");
            awaitReady();
        });
        var user = Stage.INDEXER.user();
        assertEquals(401, status(servers.searchUrl() + "/monitors/_count", basic(user, old)));
        assertEquals(200, status(servers.searchUrl() + "/monitors/_count", basic(user, keyring.password(user))));
        assertEquals(401, status(servers.registryUrl() + "/groups", basic(user, old)));
        var settings = new Properties();
        settings.putAll(StackAccess.of(stack.stack().options().data()).kafka(servers.kafkaBootstrap()));
        settings.put("sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user + "\" password=\"" + old + "\";");
        try (var admin = Admin.create(settings)) {
            var refused = assertThrows(ExecutionException.class, () -> admin.describeCluster().nodes().get());
            assertEquals(SaslAuthenticationException.class, refused.getCause().getClass());
        }
    }

    private static void tellSearchEngine() throws IOException {
        var file = keyring.folder().resolve("search-users.properties");
        var users = new Properties();
        try (var in = Files.newInputStream(file)) {
            users.load(in);
        }
        for (var stage : Stage.values()) {
            users.put(stage.user(), keyring.password(stage.user()));
        }
        var text = new StringWriter();
        users.store(text, null);
        OwnersAlone.write(file, text.toString());
    }

    private static void tellKafka() throws Exception {
        try (var admin = Admin.create(StackAccess.of(stack.stack().options().data()).kafka(stack.stack().servers().kafkaBootstrap()))) {
            admin.alterUserScramCredentials(Stream.of(Stage.values()).filter(stage -> stage != Stage.CONSOLE)
                    .<UserScramCredentialAlteration>map(stage -> new UserScramCredentialUpsertion(stage.user(), new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS), keyring.password(stage.user()))).toList()).all().get();
        }
    }

    @Test
    void theTokenOfWhoeverAsksForChanges() throws Exception {
        var file = stack.stack().token();
        var old = Files.readString(file).strip();
        var doors = Map.of(Stage.CAPTURE, "/resnapshots", Stage.GATE, "/quarantine", Stage.INDEXER, "/pipelines/monitors/generations", Stage.PURGE, "/erasures", Stage.CONSOLE, "/api/pipelines");
        withoutARestart(703, () -> {
            var next = random();
            OwnersAlone.write(file, next);
            for (var door : doors.entrySet()) {
                var url = stack.address(door.getKey()) + door.getValue();
                assertEquals(401, status(url, "Bearer " + old), url);
                assertEquals(200, status(url, "Bearer " + next), url);
            }
        });
    }

    @Test
    void theCertificateThatTheServicesShow() throws Exception {
        withoutARestart(704, () -> {
            var old = keyring.certificate("services");
            Files.delete(old.certificate());
            Files.delete(old.key());
            awaitShown(read(keyring.certificate("services").certificate()).getFirst());
        });
    }

    /** First both authorities are believed, then what is shown is signed by the new one, then the old one is believed no more. */
    @Test
    void theAuthorityAndWithItEveryCertificate() throws Exception {
        var folder = Files.createDirectories(stack.stack().options().data().resolve("next-authority"));
        var next = new CertificateAuthority(folder);
        SHOWN.forEach(name -> next.issue(name, NAMES));
        var believed = keyring.authority();
        var old = Files.readString(believed);
        var fresh = Files.readString(next.certificate());
        underLoad(705, () -> {
            OwnersAlone.write(believed, old + fresh);
            restartOneByOne();
            for (var name : SHOWN) {
                replace(folder, name + ".key");
                replace(folder, name + ".pem");
            }
            replace(folder, "authority.p12");
            sql("SELECT pg_reload_conf()");
            for (var server : List.of(stack.stack().servers().registry(), stack.stack().servers().kafka(), stack.stack().servers().search())) {
                server.restart();
            }
            awaitShown(read(keyring.folder().resolve("services.pem")).getFirst());
            OwnersAlone.write(believed, fresh);
            restartOneByOne();
            awaitReady();
        });
        var authority = read(believed).getFirst();
        var ports = stack.stack().servers().ports();
        for (int port : List.of(ports.kafka(), ports.registry(), ports.search(), stack.address(Stage.PURGE).getPort())) {
            shown(port).verify(authority.getPublicKey());
        }
    }

    private static void replace(Path folder, String file) throws IOException {
        Files.move(folder.resolve(file), keyring.folder().resolve(file), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void restartOneByOne() {
        for (var stage : Stage.values()) {
            stack.process(stage).restart();
        }
    }

    private static void withoutARestart(long seed, Exchange exchange) throws Exception {
        var before = pids();
        underLoad(seed, exchange);
        assertEquals(before, pids());
    }

    private static Map<Stage, Long> pids() {
        var pids = new EnumMap<Stage, Long>(Stage.class);
        Arrays.stream(Stage.values()).forEach(stage -> pids.put(stage, stack.process(stage).running().orElseThrow().pid()));
        return pids;
    }

    private static void underLoad(long seed, Exchange exchange) throws Exception {
        try (var traffic = BackgroundTraffic.start(stack, seed, RATE)) {
            awaitMore(traffic);
            exchange.make();
            awaitMore(traffic);
            traffic.stop();
        }
        awaitReady();
        var index = new IndexReader(stack.stack().servers().searchUrl(), StackAccess.of(stack.stack().options().data()));
        DemoStack.settled(Oracles.demo(stack.database(), index)).await().forEach(comparison -> assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe));
    }

    private static void awaitMore(BackgroundTraffic traffic) {
        long until = traffic.transactions() + 50;
        Awaitility.await("the traffic goes on").atMost(PATIENCE).until(() -> traffic.transactions() >= until);
    }

    private static void awaitComplaint(Stage stage, String words) {
        Awaitility.await(stage + " says: " + words).atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).ignoreExceptionsInstanceOf(IOException.class).until(() -> health(stage), said -> said.startsWith("503") && said.contains(words));
    }

    private static void awaitReady() {
        for (var stage : Stage.values()) {
            Awaitility.await(stage + " is ready").atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).ignoreExceptionsInstanceOf(IOException.class).until(() -> health(stage), said -> said.startsWith("200"));
        }
    }

    private static String health(Stage stage) throws IOException, InterruptedException {
        try (var http = StackAccess.of(stack.stack().options().data()).http().build()) {
            var answer = http.send(HttpRequest.newBuilder(URI.create(stack.address(stage) + "/q/health/ready")).timeout(Duration.ofSeconds(20)).build(), BodyHandlers.ofString());
            return answer.statusCode() + " " + answer.body();
        }
    }

    private static int status(String url, String authorization) throws IOException, InterruptedException {
        try (var http = StackAccess.of(stack.stack().options().data()).http().build()) {
            return http.send(HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20)).header("Authorization", authorization).build(), BodyHandlers.discarding()).statusCode();
        }
    }

    private static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    /** Returns when every service shows this certificate to who comes. */
    private static void awaitShown(X509Certificate expected) {
        for (var stage : Stage.values()) {
            Awaitility.await(stage + " shows its new certificate").atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).ignoreExceptionsInstanceOf(IOException.class).until(() -> shown(stack.address(stage).getPort()), expected::equals);
        }
    }

    private static X509Certificate shown(int port) throws IOException {
        try (var socket = (SSLSocket) keyring.clients().getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port)) {
            socket.startHandshake();
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private static List<X509Certificate> read(Path pem) throws Exception {
        try (var in = Files.newInputStream(pem)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).stream().map(X509Certificate.class::cast).toList();
        }
    }

    private static String random() {
        var bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static void sql(String... statements) throws SQLException {
        try (var connection = DriverManager.getConnection(stack.stack().servers().jdbcUrl("demo"), LocalServers.POSTGRES_USER, stack.stack().servers().postgresPassword()); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
