package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.CertificateAuthority;
import io.millrace.local.CertificateAuthority.Issued;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.kafka.PasswordFile;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.bench.RegisteredSchema;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.SchemaBuilder;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Kafka with TLS, logins and an authorizer that does not let a service in: gate, join, indexer and purge service each say which connection that is, which setting or file to look at, and what to do. Of capture, whose own suites have the same of it, only that it does not speak plain. */
@Tag("long")
class KafkaDoorsIT {

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final List<Stage> STAGES = List.of(Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE);
    private static final List<Stage> ALL = List.of(Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE, Stage.CAPTURE);
    private static final String SOURCE = "doors";
    private static final String TABLE = "public.thing";
    private static final String LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required ";
    /** Who may everything. */
    private static final String USER = "service";
    /** Who may nothing. */
    private static final String STRANGER = "stranger";

    /** A listener of the broker, by the certificate that it shows. */
    private enum Door { RIGHT, UNKNOWN_AUTHORITY, OTHER_HOST, OUT_OF_TIME }

    @TempDir
    static Path folder;
    private static LocalServers servers;
    private static Path believed;
    private static final Map<Door, Integer> DOORS = new EnumMap<>(Door.class);
    private static final Map<Stage, URI> ADDRESSES = new EnumMap<>(Stage.class);

    private final Map<Stage, ManagedProcess> services = new EnumMap<>(Stage.class);

    @BeforeAll
    static void startServers() throws Exception {
        var free = Ports.free(Door.values().length + ALL.size());
        for (var door : Door.values()) {
            DOORS.put(door, free.get(door.ordinal()));
        }
        for (var stage : ALL) {
            ADDRESSES.put(stage, URI.create("http://localhost:" + free.get(Door.values().length + ALL.indexOf(stage))));
        }
        var authority = new CertificateAuthority(folder.resolve("authority"));
        believed = authority.certificate();
        var shown = Map.of(Door.RIGHT, authority.issue("right", "dns:localhost"), Door.UNKNOWN_AUTHORITY, new CertificateAuthority(folder.resolve("unknown")).issue("unknown", "dns:localhost"),
                Door.OTHER_HOST, authority.issue("elsewhere", "dns:elsewhere.example"), Door.OUT_OF_TIME, authority.issue("old", "dns:localhost", 30));
        var ports = Ports.free();
        servers = LocalServers.in(folder.resolve("servers"), ports, Map.of(), broker(ports, shown));
        servers.start(line -> { });
        try (var http = HttpClient.newHttpClient()) {
            // The join asks Kafka for nothing before a row of its root table has passed the gate, which the key's schema shows.
            var key = SchemaBuilder.record("Key").namespace("doors").fields().requiredLong("id").endRecord();
            RegisteredSchema.id(http, servers.registryUrl(), "default", Topics.keySubject(Topics.rows(SOURCE, TableName.parse(TABLE))), key);
        }
        Files.writeString(folder.resolve("doors.yaml"), """
                millrace: 1
                name: doors
                source: {name: %s, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}
                document: {root: %s, fields: [id]}
                """.formatted(SOURCE, TABLE));
    }

    private static Map<String, String> broker(Ports ports, Map<Door, Issued> shown) throws IOException {
        var settings = new HashMap<String, String>();
        var doors = DOORS.entrySet().stream().map(door -> door.getKey() + "://localhost:" + door.getValue()).collect(Collectors.joining(","));
        var first = "PLAINTEXT://localhost:" + ports.kafka();
        settings.put("listeners", first + "," + doors + ",CONTROLLER://localhost:" + ports.kafkaController());
        settings.put("advertised.listeners", first + "," + doors);
        settings.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT," + DOORS.keySet().stream().map(door -> door + ":SASL_SSL").collect(Collectors.joining(",")));
        settings.put("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
        settings.put("super.users", "User:ANONYMOUS;User:" + USER);
        for (var door : shown.entrySet()) {
            var listener = "listener.name." + door.getKey().name().toLowerCase() + ".";
            var file = folder.resolve(door.getKey() + ".pem");
            Files.writeString(file, Files.readString(door.getValue().key()) + Files.readString(door.getValue().certificate()));
            settings.put(listener + "ssl.keystore.type", "PEM");
            settings.put(listener + "ssl.keystore.location", file.toString());
            settings.put(listener + "sasl.enabled.mechanisms", "PLAIN");
            settings.put(listener + "plain.sasl.jaas.config", LOGIN + Stream.of(USER, STRANGER).map(user -> "user_" + user + "=\"of-" + user + "\"").collect(Collectors.joining(" ")) + ";");
        }
        return settings;
    }

    @AfterAll
    static void stopServers() {
        if (servers != null) {
            servers.stop();
        }
    }

    @AfterEach
    void stopServices() {
        services.values().forEach(ManagedProcess::stop);
    }

    @Test
    void aPasswordThatIsNotTheUsersIsNamedByUserAndFileUntilTheFileHasTheRightOne() throws Exception {
        var password = password("of-nobody");
        start(secured(Door.RIGHT, USER, password));
        awaitAll(Door.RIGHT, "correct the user " + USER + " or the password in " + password + ", in kafka.sasl.jaas.config");
        var next = Files.writeString(folder.resolve("next"), "of-" + USER);
        Files.move(next, password, StandardCopyOption.ATOMIC_MOVE);
        for (var stage : STAGES) {
            await(stage, "takes the password without a restart", said -> !said.contains("sasl.jaas.config") && !said.contains("no connection"));
        }
    }

    @Test
    void aBrokerWhoseAuthorityIsUnknownIsNamedWithTheFileOfThoseThatAreBelieved() throws Exception {
        start(secured(Door.UNKNOWN_AUTHORITY, USER, password("of-" + USER)));
        awaitAll(Door.UNKNOWN_AUTHORITY, "signed by nobody in kafka.ssl.truststore.location (" + believed + "); put the certificate of its authority there");
    }

    @Test
    void aCertificateForAnotherHostIsNamedWithTheSettingOfTheAddress() throws Exception {
        start(secured(Door.OTHER_HOST, USER, password("of-" + USER)));
        awaitAll(Door.OTHER_HOST, "the broker's certificate is for another host", "correct kafka.bootstrap.servers, or what the broker advertises");
    }

    @Test
    void aCertificateOutOfItsTimeIsNamed() throws Exception {
        start(secured(Door.OUT_OF_TIME, USER, password("of-" + USER)));
        awaitAll(Door.OUT_OF_TIME, "is out of its time", "renew it there");
    }

    /** Kafka's clients would take what TLS answers for the length of a message, and the process would end for want of memory. */
    @Test
    void aServiceThatWouldSpeakPlainDoesNotStartAndNamesTheSetting() {
        launch(ALL, Map.of("kafka.bootstrap.servers", address(Door.RIGHT)));
        assertEquals(ALL.size(), services.size());
        for (var service : services.values()) {
            var ended = assertThrows(LocalException.class, service::awaitReady, service::toString).getMessage();
            assertTrue(ended.contains("Kafka at " + address(Door.RIGHT) + " speaks TLS, and kafka.security.protocol is not set"), ended);
        }
    }

    @Test
    void aUserWithoutRightsIsToldWhereRightsAreGiven() throws Exception {
        start(secured(Door.RIGHT, STRANGER, password("of-" + STRANGER)));
        for (var stage : STAGES) {
            await(stage, "says that it lacks rights", said -> said.contains("kafka.principals") || said.contains("the provisioner makes topics and rights"));
        }
    }

    private static String address(Door door) {
        return "localhost:" + DOORS.get(door);
    }

    private static Path password(String text) throws IOException {
        return Files.writeString(folder.resolve("password"), text);
    }

    private static Map<String, String> secured(Door door, String user, Path password) {
        return Map.of("kafka.bootstrap.servers", address(door), "kafka.security.protocol", "SASL_SSL", "kafka.sasl.mechanism", "PLAIN", "kafka.ssl.truststore.type", "PEM",
                "kafka.ssl.truststore.location", believed.toString(), "kafka.sasl.client.callback.handler.class", PasswordFile.class.getName(),
                "kafka.sasl.jaas.config", LOGIN + "username=\"" + user + "\" passwordFile=\"" + password + "\";");
    }

    private void start(Map<String, String> kafka) {
        launch(STAGES, kafka);
        services.values().forEach(ManagedProcess::awaitReady);
    }

    /** Side by side. */
    private void launch(List<Stage> stages, Map<String, String> kafka) {
        for (var stage : stages) {
            var address = ADDRESSES.get(stage);
            var prefix = "millrace." + stage.stageName() + ".";
            var properties = new HashMap<>(kafka);
            properties.put("quarkus.http.host", "localhost");
            properties.put("quarkus.http.port", Integer.toString(address.getPort()));
            properties.put(prefix + "pipelines", folder.resolve("doors.yaml").toString());
            switch (stage) {
                case DENORMALIZER -> properties.putAll(Map.of(prefix + "registry-url", servers.registryUrl(), prefix + "state-folder", folder.resolve("state").toString()));
                case INDEXER -> properties.putAll(Map.of(prefix + "registry-url", servers.registryUrl(), prefix + "search-url", servers.searchUrl()));
                case PURGE -> properties.put(prefix + "freshness.search-url", servers.searchUrl());
                default -> properties.put(prefix + "registry-url", servers.registryUrl());
            }
            var source = Map.of("MILLRACE_SOURCE_URL", servers.jdbcUrl("postgres"), "MILLRACE_SOURCE_USER", servers.postgresUser(), "MILLRACE_SOURCE_PASSWORD", servers.postgresPassword());
            services.put(stage, new ManagedProcess(ProcessSpec.quarkus(stage.stageName(), folder.resolve("services"), "256m", stage.jar(DemoStack.home()), properties, source,
                    Map.of(stage.stageName(), address.getPort()), Readiness.http(address.resolve("/q/health/live"))).withFirstCompilerOnly()));
        }
        services.values().forEach(ManagedProcess::launch);
    }

    /** Each says all of this, and which Kafka it speaks of; none says a password. */
    private void awaitAll(Door door, String... words) {
        for (var stage : STAGES) {
            var said = await(stage, "says " + List.of(words), answer -> Stream.of(words).allMatch(answer::contains));
            assertTrue(said.contains("Kafka") && said.contains(address(door)), said);
            assertFalse(said.contains("of-"), said);
        }
    }

    private static String await(Stage stage, String what, Predicate<String> is) {
        var last = new StringBuilder();
        Awaitility.await(stage + " " + what).pollInterval(Duration.ofSeconds(1)).atMost(PATIENCE).untilAsserted(() -> {
            last.setLength(0);
            last.append(health(stage));
            assertTrue(is.test(last.toString()), () -> stage + " says: " + last);
        });
        System.out.println(stage + " says: " + last);
        return last.toString();
    }

    private static String health(Stage stage) throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            var answer = http.send(HttpRequest.newBuilder(ADDRESSES.get(stage).resolve("/q/health/ready")).timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
            return answer.statusCode() + " " + answer.body();
        }
    }
}
