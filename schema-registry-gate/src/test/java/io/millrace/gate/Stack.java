package io.millrace.gate;

import io.millrace.local.GuardedListener;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.provisioner.topic.StageRights;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Real Kafka and a real registry, and gates as processes of their own, so that they can be killed. */
final class Stack implements AutoCloseable {

    static final String TOKEN = "only-for-tests";
    /** Its name as a user of Kafka. */
    static final String SERVICE = "schema-registry-gate";

    private final Path data;
    private final LocalServers servers;
    private final GuardedListener guarded;
    private final List<ManagedProcess> gates = new ArrayList<>();
    private final KafkaProducer<byte[], byte[]> producer;
    private final Admin admin;

    Stack(Path data) {
        this.data = data;
        var ports = Ports.free();
        this.guarded = new GuardedListener(ports, Ports.free(1).getFirst(), List.of(SERVICE));
        this.servers = LocalServers.in(data, ports, Map.of(), guarded.settings());
        var kafka = CompletableFuture.runAsync(servers.kafka()::start);
        servers.postgres().start();
        servers.registry().start();
        kafka.join();
        this.producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "linger.ms", 0), new ByteArraySerializer(), new ByteArraySerializer());
        this.admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
    }

    LocalServers servers() {
        return servers;
    }

    Admin admin() {
        return admin;
    }

    /** A gate that is told apart from others by its number; it is not started yet. */
    Gate gate(int number, Map<String, String> settings) throws IOException {
        return gate(number, settings, Map.of());
    }

    /** The same with more in its environment. */
    Gate gate(int number, Map<String, String> settings, Map<String, String> environment) throws IOException {
        int port = Ports.free(1).getFirst();
        Files.writeString(pipeline(), """
                millrace: 1
                name: it
                source: {name: it, url: {env: NOT_USED_URL}, user: {env: NOT_USED_USER}, password: {env: NOT_USED_PASSWORD}}
                tables:
                  public.lenient: {compatibility: NONE}
                  public.emptied: {hold: 20 %}
                  public.ruled:
                    rules:
                      - {column: name, notNull: true, maxLength: 12}
                      - {column: age, min: 0, max: 150, breach: count}
                document:
                  root: public.lenient
                  fields: [id, name]
                  one:
                    ruled: {table: public.ruled, join: {id: id}, fields: [name, age]}
                    emptied: {table: public.emptied, join: {id: id}, fields: [name]}
                """);
        var properties = new HashMap<>(Map.ofEntries(
                Map.entry("quarkus.http.port", Integer.toString(port)),
                Map.entry("kafka.bootstrap.servers", servers.kafkaBootstrap()),
                Map.entry("millrace.gate.pipelines", pipeline().toString()),
                Map.entry("millrace.gate.registry-url", servers.registryUrl()),
                Map.entry("millrace.gate.token.env", "GATE_TOKEN"),
                Map.entry("millrace.gate.sources", "it"),
                Map.entry("millrace.gate.max-record-bytes", "921600"),
                Map.entry("kafka.metadata.max.age.ms", "500"),
                Map.entry("kafka.session.timeout.ms", "6000"),
                Map.entry("kafka.heartbeat.interval.ms", "1000")));
        properties.putAll(settings);
        var told = new HashMap<>(environment);
        told.putAll(Map.of("GATE_TOKEN", TOKEN, "GATE_SCRATCH", scratchUrl()));
        var jar = Path.of(System.getProperty("millrace.gate.jar", "target/quarkus-app/quarkus-run.jar"));
        var process = new ManagedProcess(ProcessSpec.quarkus("gate-" + number, data, "256m", jar, properties, told,
                Map.of("http", port), Readiness.http(URI.create("http://localhost:" + port + "/q/health/live"))).withFirstCompilerOnly());
        gates.add(process);
        return new Gate(process, "http://localhost:" + port);
    }

    /** A gate that may do in Kafka what the provisioner lets it do; its group's name begins as that of every gate. */
    Gate guarded(int number, Map<String, String> settings) throws IOException, ExecutionException, InterruptedException {
        admin.createAcls(rights(r -> true)).all().get();
        var all = new HashMap<>(settings);
        guarded.client(SERVICE).forEach((key, value) -> all.put("kafka." + key, value));
        return gate(number, all);
    }

    /** What the provisioner gives to a gate. */
    static List<AclBinding> rights(Predicate<StageRights> which) {
        return StageRights.SERVICES.get(SERVICE).stream().filter(which).flatMap(right -> right.operations().stream().map(operation ->
                new AclBinding(right.pattern(), new AccessControlEntry(GuardedListener.principal(SERVICE), "*", operation, AclPermissionType.ALLOW)))).toList();
    }

    record Gate(ManagedProcess process, String url) {}

    Path pipeline() {
        return data.resolve("it.yaml");
    }

    /** An empty database on the Postgres that the registry uses. */
    String scratchUrl() {
        return "postgresql://%s:%s@localhost:%d/postgres".formatted(servers.postgresUser(), servers.postgresPassword(), servers.ports().postgres());
    }

    /** Sends Kafka a signal by its name, {@code STOP} to freeze it. */
    void signalKafka(String signal) throws IOException, InterruptedException {
        long kafka = servers.kafka().running().orElseThrow().pid();
        if (new ProcessBuilder("kill", "-" + signal, Long.toString(kafka)).start().waitFor() != 0) {
            throw new IOException("kill -" + signal + " of " + kafka + " failed");
        }
    }

    KafkaProducer<byte[], byte[]> producer() {
        return producer;
    }

    Captured captured(String name) throws ExecutionException, InterruptedException {
        return captured("it", name);
    }

    Captured captured(String source, String name) throws ExecutionException, InterruptedException {
        var table = new Table(source + ".public." + name);
        admin.createTopics(List.of(new NewTopic(table.captured(), Captured.PARTITIONS, (short) 1))).all().get();
        return new Captured(servers.registryUrl(), producer, table);
    }

    /** How many records were ever written to a topic; 0 for one that is not there. */
    long count(String topic) {
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            if (!consumer.listTopics().containsKey(topic)) {
                return 0;
            }
            var partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
            return consumer.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /** Everything that stands in a topic now, by partition, each in its order. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic) {
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "auto.offset.reset", "earliest", "fetch.max.wait.ms", 20),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            if (!consumer.listTopics().containsKey(topic)) {
                return List.of();
            }
            var partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(java.time.Duration.ofMillis(100)).forEach(records::add);
            }
            return records;
        }
    }

    @Override
    public void close() {
        gates.forEach(ManagedProcess::stop);
        producer.close();
        admin.close();
        servers.stop();
    }
}
