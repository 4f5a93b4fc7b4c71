package io.millrace.tests.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import org.apache.avro.Schema;

/** Puts schemas into the registry as the services do. */
public final class RegisteredSchema {

    private static final ObjectMapper JSON = new ObjectMapper();

    private RegisteredSchema() {}

    /**
     * Registers a schema unless it is there.
     *
     * @param url the registry's core API, version 3
     * @return the content id, by which records name it
     * @throws IOException when the registry does not take it
     */
    public static int id(HttpClient http, String url, String group, String subject, Schema schema) throws IOException, InterruptedException {
        var body = JSON.writeValueAsString(Map.of("artifactId", subject, "artifactType", "AVRO",
                "firstVersion", Map.of("content", Map.of("content", schema.toString(), "contentType", "application/json"))));
        var answer = http.send(HttpRequest.newBuilder(URI.create(url + "/groups/" + group + "/artifacts?ifExists=FIND_OR_CREATE_VERSION"))
                .header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException("Registering " + subject + " in the group " + group + " at " + url + " failed with " + answer.statusCode() + ": " + answer.body());
        }
        return JSON.readTree(answer.body()).at("/version/contentId").asInt();
    }
}
