package io.millrace.local;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Starts each server that is a JVM once, has it do a little of what it is for, and keeps the classes that it loaded as its AOT cache: every later start takes about half the processor time.
 * The build runs it; nothing depends on it. Caches that are newer than the programs are kept.
 */
final class Training {

    /** The servers do not end before their cache is put together. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** For what a server is asked to do; what it does not do in that time is not in its cache. */
    private static final Duration WORK = Duration.ofSeconds(20);
    /** All of it; an overloaded machine builds without caches rather than not at all. */
    private static final Duration MOST = Duration.ofMinutes(3);
    private static final int DOCUMENTS = 200;

    private static final List<String> JVMS = List.of("kafka", "registry", "search");

    private final Installation installation;
    private final LocalServers servers;
    private final HttpClient http = HttpClient.newHttpClient();

    private Training(Installation installation, Path data) {
        this.installation = installation;
        this.servers = LocalServers.in(data, Ports.free());
    }

    public static void main(String[] args) throws IOException {
        var installation = Installation.find();
        if (isFresh(installation)) {
            return;
        }
        // First, for a start with a cache cannot make one.
        for (var server : JVMS) {
            Files.deleteIfExists(installation.cache(server));
        }
        var data = Files.createTempDirectory("millrace-training");
        try (var thread = Executors.newVirtualThreadPerTaskExecutor()) {
            var training = thread.submit(() -> {
                new Training(installation, data).run();
                return null;
            });
            try {
                training.get(MOST.toSeconds(), TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                sayWithout(String.valueOf(e.getCause()));
            } catch (TimeoutException e) {
                training.cancel(true);
                sayWithout("it took more than " + MOST.toMinutes() + " minutes");
            } catch (InterruptedException e) {
                training.cancel(true);
                Thread.currentThread().interrupt();
            }
        } finally {
            try (var files = Files.walk(data)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void sayWithout(String why) {
        System.err.println("The local servers have no AOT caches, so they start slower; all else is the same. Making them failed: " + why);
    }

    private void run() throws IOException, InterruptedException, ExecutionException {
        servers.claim();
        servers.postgres().start();
        try {
            train(servers.kafka(), this::askKafka);
            train(servers.registry(), this::askRegistry);
            train(servers.search(), this::askSearch);
        } finally {
            servers.stop();
        }
    }

    private static boolean isFresh(Installation installation) throws IOException {
        try (var programs = Files.list(installation.folder().resolve("lib"))) {
            var newest = programs.map(Training::modified).max(Comparator.naturalOrder()).orElseThrow();
            return JVMS.stream().map(installation::cache).allMatch(c -> Files.exists(c) && modified(c).compareTo(newest) > 0);
        }
    }

    private static FileTime modified(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            throw new LocalException("Reading the time of " + file + " failed: " + e.getMessage(), e);
        }
    }

    private interface Work {
        void run() throws IOException, InterruptedException, ExecutionException;
    }

    private void train(ManagedProcess server, Work work) throws IOException, InterruptedException, ExecutionException {
        var cache = installation.cache(server.name());
        var made = cache.resolveSibling(cache.getFileName() + ".new");
        var trained = new ManagedProcess(server.spec().trained(made, PATIENCE));
        trained.start();
        try {
            work.run();
        } finally {
            trained.stop();
        }
        if (!Files.exists(made)) {
            throw new IOException(server.name() + " left no cache; its log is " + trained.spec().log());
        }
        Files.move(made, cache, StandardCopyOption.REPLACE_EXISTING);
    }

    private void askKafka() throws InterruptedException, ExecutionException {
        int most = Math.toIntExact(WORK.toMillis());
        Map<String, Object> settings = Map.of("bootstrap.servers", servers.kafkaBootstrap(), "group.id", "training", "auto.offset.reset", "earliest", "default.api.timeout.ms", most,
                "request.timeout.ms", most / 2, "delivery.timeout.ms", most, "max.block.ms", most, "enable.auto.commit", false);
        long deadline = System.nanoTime() + WORK.toNanos();
        try (var admin = Admin.create(settings); var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
                var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            admin.createTopics(List.of(new NewTopic("training", 2, (short) 1).configs(Map.of("cleanup.policy", "compact")))).all().get();
            for (int i = 0; i < DOCUMENTS; i++) {
                producer.send(new ProducerRecord<>("training", new byte[] {(byte) i}, new byte[100]));
            }
            producer.flush();
            consumer.subscribe(List.of("training"));
            for (int read = 0; read < DOCUMENTS && System.nanoTime() < deadline; ) {
                read += consumer.poll(Duration.ofSeconds(1)).count();
            }
            consumer.commitSync();
        }
    }

    private void askRegistry() throws IOException, InterruptedException {
        send("POST", servers.registryUrl() + "/groups/default/artifacts?ifExists=CREATE_VERSION", "application/json", """
                {"artifactId": "training", "artifactType": "AVRO", "firstVersion": {"content": {"contentType": "application/json",
                 "content": "{\\"type\\": \\"record\\", \\"name\\": \\"training\\", \\"fields\\": [{\\"name\\": \\"id\\", \\"type\\": \\"long\\"}]}"}}}""");
        send("GET", servers.registryUrl() + "/groups/default/artifacts/training/versions/branch=latest/content", "application/json", "");
    }

    private void askSearch() throws IOException, InterruptedException {
        send("PUT", servers.searchUrl() + "/training", "application/json", """
                {"settings": {"number_of_replicas": 0}, "mappings": {"properties": {"id": {"type": "long"}, "name": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
                 "tags": {"type": "nested", "properties": {"key": {"type": "keyword"}}}}}}""");
        var bulk = new StringBuilder();
        for (int i = 0; i < DOCUMENTS; i++) {
            bulk.append("{\"index\": {\"_id\": \"").append(i).append("\", \"version\": 1, \"version_type\": \"external_gte\"}}\n{\"id\": ").append(i)
                    .append(", \"name\": \"a name\", \"tags\": [{\"key\": \"k\"}, {\"key\": \"l\"}]}\n");
        }
        send("POST", servers.searchUrl() + "/training/_bulk?refresh=true", "application/x-ndjson", bulk.toString());
        send("POST", servers.searchUrl() + "/training/_search", "application/json", """
                {"query": {"match": {"name": "name"}}, "sort": [{"name.keyword": "asc"}], "aggs": {"names": {"terms": {"field": "name.keyword"}}}}""");
    }

    private void send(String method, String uri, String type, String body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(uri)).header("Content-Type", type).timeout(WORK)
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body, StandardCharsets.UTF_8)).build();
        var answer = http.send(request, BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(method + " " + uri + " answered HTTP " + answer.statusCode() + ": " + answer.body());
        }
    }
}
