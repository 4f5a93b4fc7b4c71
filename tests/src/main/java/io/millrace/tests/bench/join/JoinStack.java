package io.millrace.tests.bench.join;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** Kafka, the registry and one denormalizer, on ports and data of their own. */
final class JoinStack implements AutoCloseable {

    static final String DSL_DOCUMENTS = Topics.documents("dsl");

    private static final String PIPELINE = """
            millrace: 1
            name: %s
            source:
              name: bench
              url: jdbc:postgresql://localhost/none
              user: none
              password: {env: NONE}
            document:
              root: public.orders
              fields: [id, status, note, total]
              one:
                customer:
                  table: public.customer
                  join: {customer_id: id}
                  fields: [name, city]
              many:
                items:
                  table: public.item
                  join: {id: order_id}
                  fields: [id, quantity, price]
                  one:
                    product:
                      table: public.product
                      join: {product_id: id}
                      fields: [name, category]
                tags:
                  table: public.tag
                  through: {table: public.order_tag, join: {id: order_id}, to: {tag_id: id}}
                  fields: [label]
            """;

    private final Path data;
    private final int partitions;
    private final List<String> pipelines;
    private final LocalServers servers;
    private final ManagedProcess service;
    private final URI ready;
    private final HttpClient http = HttpClient.newHttpClient();
    private Admin admin;

    /**
     * @param pipelines how many of the same kind are joined; they differ in name
     * @param subscribed the look-up tables that are subscribed to; the others are broadcast
     * @param settings system properties of the service
     * @param options of its Java
     */
    JoinStack(Path home, Path data, int portBase, int partitions, int pipelines, List<String> subscribed, String heap, Map<String, String> settings, List<String> options) throws IOException {
        this.data = data;
        this.partitions = partitions;
        this.pipelines = IntStream.range(0, pipelines).mapToObj(i -> OrderTables.PIPELINE + (i == 0 ? "" : "-" + i)).toList();
        servers = LocalServers.in(data, Ports.from(portBase));
        int port = portBase + Ports.COUNT;
        ready = URI.create("http://localhost:" + port + "/q/health/ready");
        var files = Files.createDirectories(data.resolve("pipelines"));
        var tables = subscribed.isEmpty() ? "" : "tables:\n" + subscribed.stream().map(t -> "  " + t + ": {lookup: subscribe}\n").collect(Collectors.joining());
        for (var pipeline : this.pipelines) {
            Files.writeString(files.resolve(pipeline + ".yaml"), PIPELINE.formatted(pipeline) + tables);
        }
        var properties = new HashMap<>(Map.of(
                "quarkus.http.host", "localhost",
                "quarkus.http.port", Integer.toString(port),
                "kafka.bootstrap.servers", servers.kafkaBootstrap(),
                "millrace.denormalizer.pipelines", files.toString(),
                "millrace.denormalizer.threads", Integer.toString(pipelines > 1 ? 1 : Math.min(partitions, Runtime.getRuntime().availableProcessors())),
                "millrace.denormalizer.registry-url", servers.registryUrl(),
                "millrace.denormalizer.state-folder", state().toString()));
        properties.putAll(settings);
        var jar = home.resolve("denormalizer-service").resolve("target").resolve("quarkus-app").resolve("quarkus-run.jar");
        var arguments = new ArrayList<>(options);
        arguments.addAll(ProcessSpec.serviceOptions(jar));
        properties.forEach((key, value) -> arguments.add("-D" + key + "=" + value));
        arguments.addAll(List.of("-jar", jar.toString()));
        service = new ManagedProcess(ProcessSpec.jvm("denormalizer", data, heap, arguments, jar.getParent(), Map.of(), Map.of("http", port),
                Readiness.http(URI.create("http://localhost:" + port + "/q/health/live"))));
    }

    /** The same join by the Streams DSL, as a process of its own. */
    ManagedProcess dsl(Path home, String heap, int threads) {
        var arguments = List.of("-cp", home.resolve("tests").resolve("target").resolve("millrace-tests.jar").toString(), DslJoin.class.getName(),
                servers.kafkaBootstrap(), dslState().toString(), DSL_DOCUMENTS, Integer.toString(threads));
        return new ManagedProcess(ProcessSpec.jvm("dsl", data, heap, arguments, data, Map.of(), Map.of(), () -> true));
    }

    void startServers() throws ExecutionException, InterruptedException {
        service.stop();
        servers.claim();
        servers.postgres().start();
        servers.kafka().start();
        servers.registry().start();
        admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
        var topics = new ArrayList<>(OrderTables.rowTopics());
        topics.add(DSL_DOCUMENTS);
        for (var pipeline : pipelines) {
            topics.add(Topics.documents(pipeline));
            topics.add(Topics.quarantineDocuments(pipeline));
        }
        topics(topics);
    }

    private void topics(List<String> names) throws ExecutionException, InterruptedException {
        admin.createTopics(names.stream().map(n -> new NewTopic(n, partitions, (short) 1).configs(Map.of("cleanup.policy", "compact"))).toList()).all().get();
    }

    /** Whether every join runs with all partitions assigned, and none of them still builds. */
    boolean isLive() throws InterruptedException {
        try {
            var answer = new ObjectMapper().readTree(http.send(HttpRequest.newBuilder(ready).build(), HttpResponse.BodyHandlers.ofString()).body());
            for (var check : answer.path("checks")) {
                if (check.path("name").asText().equals("join")) {
                    return pipelines.stream().map(p -> check.path("data").path(p).asText()).allMatch(h -> h.startsWith("running {") && h.split("LIVE", -1).length == partitions + 1);
                }
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    /** How many records were ever written to each topic. */
    Map<String, Long> written() throws ExecutionException, InterruptedException {
        var all = new ArrayList<TopicPartition>();
        admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get()
                .forEach((name, topic) -> topic.partitions().forEach(p -> all.add(new TopicPartition(name, p.partition()))));
        var ends = admin.listOffsets(all.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest()))).all().get();
        return ends.entrySet().stream().collect(Collectors.groupingBy(e -> e.getKey().topic(), Collectors.summingLong(e -> e.getValue().offset())));
    }

    /** Bytes of every topic on the broker's disk. */
    Map<String, Long> sizes() throws ExecutionException, InterruptedException {
        return admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values().stream().flatMap(d -> d.replicaInfos().entrySet().stream())
                .collect(Collectors.groupingBy(e -> e.getKey().topic(), Collectors.summingLong(e -> e.getValue().size())));
    }

    Path state() {
        return data.resolve("state");
    }

    Path dslState() {
        return data.resolve("state-dsl");
    }

    LocalServers servers() {
        return servers;
    }

    ManagedProcess service() {
        return service;
    }

    @Override
    public void close() {
        service.stop();
        if (admin != null) {
            admin.close();
        }
        servers.stop();
        http.close();
    }
}
