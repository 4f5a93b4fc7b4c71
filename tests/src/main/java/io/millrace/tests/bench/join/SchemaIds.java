package io.millrace.tests.bench.join;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.EnumMap;
import java.util.Map;
import org.apache.avro.Schema;

/** The content ids under which the registry has the tables' schemas. */
final class SchemaIds {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<OrderTables, Ids> ids = new EnumMap<>(OrderTables.class);

    record Ids(int key, int value) {}

    /** Registers every schema. */
    SchemaIds(String registryUrl) throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            for (var table : OrderTables.values()) {
                ids.put(table, new Ids(register(http, registryUrl, Topics.keySubject(table.topic()), table.keySchema()),
                        register(http, registryUrl, Topics.valueSubject(table.topic()), table.valueSchema())));
            }
        }
    }

    private static int register(HttpClient http, String url, String subject, Schema schema) throws IOException, InterruptedException {
        var body = JSON.writeValueAsString(Map.of("artifactId", subject, "artifactType", "AVRO",
                "firstVersion", Map.of("content", Map.of("content", schema.toString(), "contentType", "application/json"))));
        var response = http.send(HttpRequest.newBuilder(URI.create(url + "/groups/default/artifacts?ifExists=FIND_OR_CREATE_VERSION"))
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException("Registering " + subject + " at " + url + " failed with " + response.statusCode() + ": " + response.body());
        }
        return JSON.readTree(response.body()).path("version").path("contentId").asInt();
    }

    Ids of(OrderTables table) {
        return ids.get(table);
    }
}
