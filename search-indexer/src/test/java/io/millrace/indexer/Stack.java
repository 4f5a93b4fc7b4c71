package io.millrace.indexer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;

/** The real servers, the service as a process of its own, and what tests ask of them. */
final class Stack implements AutoCloseable {

    static final int PARTITIONS = 2;
    static final String GROUP = "millrace-indexer";
    private static final String TOKEN = "an operator's token";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path folder;
    final LocalServers servers;
    final int port = Ports.free(1).getFirst();
    final Admin admin;
    private final KafkaProducer<byte[], byte[]> producer;
    private ManagedProcess indexer;

    Stack(Path folder) throws IOException {
        this(folder, servers -> servers.start(System.out::println));
    }

    private Stack(Path folder, Consumer<LocalServers> start) throws IOException {
        this.folder = folder;
        Files.createDirectories(folder.resolve("pipelines"));
        Files.writeString(folder.resolve("token"), TOKEN);
        servers = LocalServers.in(folder.resolve("stack"), Ports.free());
        start.accept(servers);
        admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "linger.ms", "0", "max.request.size", 20_000_000), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Without a search engine and without a registry, of which documents in tables need neither. */
    static Stack ofTables(Path folder) throws IOException {
        return new Stack(folder, servers -> {
            servers.kafka().launch();
            servers.postgres().start();
            servers.kafka().awaitReady();
        });
    }

    /** A pipeline whose documents go to a table, with its topics. */
    void tablePipeline(String name) throws Exception {
        Files.writeString(folder.resolve("pipelines").resolve(name + ".yaml"), """
                millrace: 1
                name: %s
                target: postgres
                source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
                document:
                  root: public.%s
                  fields: [id, name]
                """.formatted(name, name));
        topics(name);
        joinTopics(name);
    }

    /** A pipeline over the table {@code public.<name>} with its topics; rows of it have the given Avro fields. */
    void pipeline(String name, String fields, String avroFields, String index) throws Exception {
        file("pipelines", name, "", name, fields, name, index);
        schema(name, avroFields);
        topics(name);
    }

    /** A pipeline over another one's table and for its index, with the topics that its join would have. @param top further keys of the file */
    void generation(String files, String name, String top, String of, String fields) throws Exception {
        file(files, name, top, of, fields, of, "");
        topics(name);
        joinTopics(name);
    }

    /** What a pipeline's join has beside its documents. */
    void joinTopics(String name) throws ExecutionException, InterruptedException {
        var group = Topics.joinGroup(name);
        admin.createTopics(List.of(new NewTopic(Topics.exchange(group), PARTITIONS, (short) 1), new NewTopic(Topics.joinState(group), 1, (short) 1))).all().get();
    }

    private void file(String files, String name, String top, String table, String fields, String index, String more) throws IOException {
        Files.createDirectories(folder.resolve(files));
        Files.writeString(folder.resolve(files).resolve(name + ".yaml"), """
                millrace: 1
                name: %s
                %s
                source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
                document:
                  root: public.%s
                  fields: [%s]
                index:
                  name: %s
                  shards: 1
                  replicas: 0
                  refresh: 100ms
                %s
                """.formatted(name, top, table, fields, index, more.indent(2)));
    }

    /** The file of a pipeline that is there, with other fields; the indexer has it once it is started again. */
    void rewrite(String pipeline, String fields) throws IOException {
        file("pipelines", pipeline, "", pipeline, fields, pipeline, "");
    }

    void forget(String pipeline) throws IOException {
        Files.delete(folder.resolve("pipelines").resolve(pipeline + ".yaml"));
    }

    private void topics(String name) throws ExecutionException, InterruptedException {
        admin.createTopics(List.of(new NewTopic(Topics.documents(name), PARTITIONS, (short) 1).configs(Map.of("cleanup.policy", "compact", "max.message.bytes", "20000000")),
                new NewTopic(Topics.quarantineDocuments(name), PARTITIONS, (short) 1).configs(Map.of("max.message.bytes", "20000000")))).all().get();
    }

    /** Registers a version of the table's row schema, as the gate does. */
    void schema(String name, String avroFields) throws Exception {
        var content = "{\"type\":\"record\",\"name\":\"" + name + "\",\"namespace\":\"demo.public\",\"fields\":[" + avroFields + "]}";
        var body = JSON.createObjectNode().put("artifactId", "rows.demo.public." + name + "-value").put("artifactType", "AVRO");
        body.putObject("firstVersion").putObject("content").put("contentType", "application/json").put("content", content);
        var answer = http.send(HttpRequest.newBuilder(URI.create(servers.registryUrl() + "/groups/default/artifacts?ifExists=CREATE_VERSION"))
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body.toString())).build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(answer.body());
        }
    }

    void startIndexer() {
        startIndexer(Map.of(), Map.of());
    }

    void startIndexer(Map<String, String> properties, Map<String, String> environment) {
        indexer = process("indexer", port, properties, environment);
        indexer.start();
    }

    void restartIndexer() {
        indexer.stop();
        startIndexer();
    }

    ManagedProcess process(String name, int httpPort, Map<String, String> more) {
        return process(name, httpPort, more, Map.of());
    }

    private ManagedProcess process(String name, int httpPort, Map<String, String> more, Map<String, String> environment) {
        var properties = new HashMap<String, String>(Map.of(
                "quarkus.http.port", Integer.toString(httpPort),
                "kafka.bootstrap.servers", servers.kafkaBootstrap(),
                "millrace.indexer.pipelines", folder.resolve("pipelines").toString(),
                "millrace.indexer.registry-url", servers.registryUrl(),
                "millrace.indexer.search-url", servers.searchUrl(),
                "millrace.indexer.token.file", folder.resolve("token").toString(),
                "millrace.indexer.retry-max", "1s",
                "millrace.indexer.commit-interval", "200ms",
                "millrace.indexer.breaker.pause", "1s"));
        properties.putAll(more);
        var jar = Path.of(System.getProperty("millrace.home"), "search-indexer", "target", "quarkus-app", "quarkus-run.jar");
        return new ManagedProcess(ProcessSpec.quarkus(name, folder.resolve("stack"), "256m", jar, properties, environment, Map.of("http", httpPort),
                Readiness.http(URI.create("http://localhost:" + httpPort + "/q/health/live"))));
    }

    ManagedProcess indexer() {
        return indexer;
    }

    Future<RecordMetadata> document(String pipeline, String id, long version, String json) {
        return document(pipeline, null, id, version, json);
    }

    Future<RecordMetadata> document(String pipeline, Integer partition, String id, long version, String json) {
        return producer.send(record(pipeline, partition, id, version, json));
    }

    /** A document as the join emits it for rows that were read as they stood. */
    Future<RecordMetadata> loaded(String pipeline, String id, long version, String json) {
        var record = record(pipeline, null, id, version, json);
        record.headers().add(Headers.OP, Op.READ.code());
        return producer.send(record);
    }

    private static ProducerRecord<byte[], byte[]> record(String pipeline, Integer partition, String id, long version, String json) {
        var at = partition == null ? Math.floorMod(id.hashCode(), PARTITIONS) : partition;
        var record = new ProducerRecord<>(Topics.documents(pipeline), at, id.getBytes(StandardCharsets.UTF_8), json == null ? null : json.getBytes(StandardCharsets.UTF_8));
        record.headers().add(Headers.VERSION, Headers.bytes(version));
        var now = Headers.nowMicros();
        record.headers().add(Headers.COMMITTED, Headers.bytes(now - 3_000));
        record.headers().add(Headers.CAPTURED, Headers.bytes(now - 2_000));
        record.headers().add(Headers.GATED, Headers.bytes(now - 1_000));
        record.headers().add(Headers.JOINED, Headers.bytes(now));
        return record;
    }

    Future<RecordMetadata> raw(ProducerRecord<byte[], byte[]> record) {
        return producer.send(record);
    }

    JsonNode get(String path) {
        return call("GET", path, null);
    }

    JsonNode call(String method, String path, String body) {
        var publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return send(HttpRequest.newBuilder(URI.create(servers.searchUrl() + path)).header("Content-Type", "application/json").method(method, publisher).build());
    }

    private JsonNode send(HttpRequest request) {
        try {
            return JSON.readTree(http.send(request, BodyHandlers.ofString()).body());
        } catch (IOException e) {
            return JSON.createObjectNode().put("away", e.toString());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A document as the index has it, realtime; {@code found} is false where it has none. */
    JsonNode indexed(String index, String id) {
        return get("/" + index + "/_doc/" + id);
    }

    long count(String index) {
        call("POST", "/" + index + "/_refresh", null);
        return get("/" + index + "/_count").path("count").asLong(-1);
    }

    /** What an operator asks the indexer for: its {@code status} and its {@code body}. */
    JsonNode operate(String method, String path) {
        return operate(method, path, "");
    }

    JsonNode operate(String method, String path, String body) {
        return operate(method, path, body, "Bearer " + TOKEN);
    }

    JsonNode operate(String method, String path, String body, String authorization) {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).header("Authorization", authorization).header("Content-Type", "application/json").method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        try {
            var answer = http.send(request, BodyHandlers.ofString());
            var told = JSON.createObjectNode().put("status", answer.statusCode());
            return told.set("body", answer.body().isBlank() ? JSON.createObjectNode() : JSON.readTree(answer.body()));
        } catch (IOException e) {
            return JSON.createObjectNode().put("away", e.toString());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    JsonNode ready() {
        return ready(port);
    }

    JsonNode live() {
        return send(HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/q/health/live")).build());
    }

    JsonNode ready(int httpPort) {
        return send(HttpRequest.newBuilder(URI.create("http://localhost:" + httpPort + "/q/health/ready")).build());
    }

    String metrics() throws Exception {
        return http.send(HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/q/metrics")).build(), BodyHandlers.ofString()).body();
    }

    /** Sum of the group's committed offsets over the partitions of a pipeline's topic. */
    long committed(String pipeline) throws ExecutionException, InterruptedException {
        return admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get().entrySet().stream()
                .filter(e -> e.getKey().topic().equals(Topics.documents(pipeline)) && e.getValue() != null).mapToLong(e -> e.getValue().offset()).sum();
    }

    /** Up to where the group has committed a pipeline's topic for an index. @param uuid the engine's id of it */
    Map<TopicPartition, Long> committed(String pipeline, String uuid) throws ExecutionException, InterruptedException {
        return admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get().entrySet().stream()
                .filter(e -> e.getKey().topic().equals(Topics.documents(pipeline)) && e.getValue() != null && e.getValue().metadata().equals(uuid)).collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
    }

    /** Has the group read a pipeline's topic from its first record again, for the index that it wrote; while no indexer runs. */
    void setBack(String pipeline) throws ExecutionException, InterruptedException {
        Awaitility.await("nobody is in the group any more").atMost(Duration.ofSeconds(60)).until(() -> admin.describeConsumerGroups(List.of(GROUP)).all().get().get(GROUP).members().isEmpty());
        var committed = admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get();
        admin.alterConsumerGroupOffsets(GROUP, committed.entrySet().stream().filter(e -> e.getKey().topic().equals(Topics.documents(pipeline)) && e.getValue() != null)
                .collect(Collectors.toMap(Map.Entry::getKey, e -> new OffsetAndMetadata(0, e.getValue().metadata())))).all().get();
    }

    /** How many refreshes of an index have ended after which searches found more. */
    long refreshes(String index) {
        return get("/" + index + "/_stats/refresh").at("/_all/primaries/refresh/external_total").asLong();
    }

    /** The indexes for which the group has committed offsets of a pipeline's topic, by the engine's ids. */
    Set<String> committedFor(String pipeline) throws ExecutionException, InterruptedException {
        return admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get().entrySet().stream()
                .filter(e -> e.getKey().topic().equals(Topics.documents(pipeline)) && e.getValue() != null).map(e -> e.getValue().metadata()).collect(Collectors.toSet());
    }

    /** How many of a topic's partitions have a mark of an index. @param uuid the engine's id of it */
    long marks(String pipeline, String uuid) {
        long there = 0;
        for (int i = 0; i < PARTITIONS; i++) {
            there += get("/millrace-marks/_doc/" + GROUP + "%2F" + new TopicPartition(Topics.documents(pipeline), i) + "%2F" + uuid).path("found").asBoolean() ? 1 : 0;
        }
        return there;
    }

    /** All consumer groups that Kafka has. */
    List<String> groups() throws ExecutionException, InterruptedException {
        return admin.listGroups().all().get().stream().map(GroupListing::groupId).toList();
    }

    /** Members of the indexers' consumer group that have partitions. */
    long members() throws ExecutionException, InterruptedException {
        return admin.describeConsumerGroups(List.of(GROUP)).all().get().get(GROUP).members().stream().filter(m -> !m.assignment().topicPartitions().isEmpty()).count();
    }

    List<ConsumerRecord<byte[], byte[]>> quarantined(String pipeline) {
        var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "auto.offset.reset", "earliest"), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = new ArrayList<TopicPartition>();
            for (int i = 0; i < PARTITIONS; i++) {
                partitions.add(new TopicPartition(Topics.quarantineDocuments(pipeline), i));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }

    @Override
    public void close() {
        if (indexer != null) {
            indexer.stop();
        }
        producer.close();
        admin.close();
        servers.close();
    }
}
