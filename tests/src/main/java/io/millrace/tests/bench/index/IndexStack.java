package io.millrace.tests.bench.index;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.bench.RegisteredSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.avro.Schema;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/** Kafka, the registry, the search engine and one indexer, on ports and data of their own. */
final class IndexStack implements AutoCloseable {

    private static final String SOURCE = "bench";
    private static final String GROUP = "default";
    private static final String SCHEMA = """
            {"type": "record", "name": "orders", "namespace": "bench.public", "fields": [
              {"name": "id", "type": "long", "pg.type": "int8"},
              {"name": "round", "type": "long", "pg.type": "int8"},
              {"name": "state", "type": "string", "pg.type": "uuid"},
              {"name": "note", "type": "string", "pg.type": "text"}]}""";
    private static final String PIPELINE = """
            millrace: 1
            name: %1$s
            source: {name: %2$s, url: {env: NOT_USED_URL}, user: {env: NOT_USED_USER}, password: {env: NOT_USED_PASSWORD}}
            document: {root: public.%1$s, fields: [id, round, state, note]}
            """;
    private static final int SUCCESS = 2;
    private static final int UNAVAILABLE = 503;

    private final LocalServers servers;
    private final ManagedProcess indexer;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ObjectMapper json = new ObjectMapper();
    private final URI service;

    /**
     * @param settings system properties of the indexer
     * @param options of its Java
     */
    IndexStack(Path home, Path data, int portBase, String heap, Map<String, String> settings, List<String> options) throws IOException {
        servers = LocalServers.in(data, Ports.from(portBase));
        int port = portBase + Ports.COUNT;
        service = URI.create("http://localhost:" + port);
        var files = Files.createDirectories(data.resolve("pipelines"));
        Files.writeString(files.resolve("orders.yaml"), PIPELINE.formatted(Documents.PIPELINE, SOURCE));
        var properties = new HashMap<>(Map.of(
                "quarkus.http.host", "localhost",
                "quarkus.http.port", Integer.toString(port),
                "kafka.bootstrap.servers", servers.kafkaBootstrap(),
                "millrace.indexer.pipelines", files.toString(),
                "millrace.indexer.registry-url", servers.registryUrl(),
                "millrace.indexer.search-url", servers.searchUrl()));
        properties.putAll(settings);
        var jar = home.resolve("search-indexer").resolve("target").resolve("quarkus-app").resolve("quarkus-run.jar");
        var arguments = new ArrayList<>(options);
        arguments.addAll(ProcessSpec.serviceOptions(jar));
        properties.forEach((key, value) -> arguments.add("-D" + key + "=" + value));
        arguments.addAll(List.of("-jar", jar.toString()));
        indexer = new ManagedProcess(ProcessSpec.jvm("indexer", data, heap, arguments, data, Map.of(), Map.of("http", port), Readiness.http(service.resolve("/q/health/live"))));
    }

    void start() throws IOException, ExecutionException, InterruptedException {
        indexer.stop();
        servers.claim();
        servers.start(System.out::println);
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            admin.createTopics(List.of(new NewTopic(Topics.documents(Documents.PIPELINE), Documents.PARTITIONS, (short) 1).configs(Map.of("cleanup.policy", "compact")),
                    new NewTopic(Topics.quarantineDocuments(Documents.PIPELINE), Documents.PARTITIONS, (short) 1))).all().get();
        }
        RegisteredSchema.id(http, servers.registryUrl(), GROUP, Topics.valueSubject("rows." + SOURCE + ".public." + Documents.PIPELINE), new Schema.Parser().parse(SCHEMA));
        indexer.start();
    }

    ManagedProcess indexer() {
        return indexer;
    }

    LocalServers servers() {
        return servers;
    }

    /** Asks the search engine. @throws IllegalStateException where it answers with an error */
    JsonNode search(String method, String path, String body) {
        var answer = ask(method, path, body);
        if (answer.statusCode() / 100 != SUCCESS) {
            throw new IllegalStateException(method + " " + path + " answered " + answer.statusCode() + ": " + answer.body());
        }
        return read(answer);
    }

    /** How many documents a search finds, as readers see it at this moment: none where there is no such index yet, or none of its shards. */
    long found(String index, String query) {
        var path = "/" + index + "/_count?ignore_unavailable=true";
        var answer = ask("POST", path, "{\"query\":" + query + "}");
        if (answer.statusCode() != UNAVAILABLE && answer.statusCode() / 100 != SUCCESS) {
            throw new IllegalStateException("POST " + path + " answered " + answer.statusCode() + ": " + answer.body());
        }
        return read(answer).path("count").asLong();
    }

    private HttpResponse<String> ask(String method, String path, String body) {
        try {
            var publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
            return http.send(HttpRequest.newBuilder(URI.create(servers.searchUrl() + path)).header("Content-Type", "application/json").method(method, publisher).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + path + " failed; the search engine's log is " + servers.search().spec().log(), e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(method + " " + path + " was interrupted", e);
        }
    }

    private JsonNode read(HttpResponse<String> answer) {
        try {
            return json.readTree(answer.body());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The search engine answered no JSON: " + answer.body(), e);
        }
    }

    /** How many documents the engine has written to an index since it was made, each update counted. */
    long writes(String index) {
        return search("GET", "/" + index + "/_stats/indexing", null).at("/_all/primaries/indexing/index_total").asLong();
    }

    @Override
    public void close() {
        indexer.stop();
        servers.stop();
        http.close();
    }
}
