package io.millrace.tests.bench.index;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Sends documents to an index of its own by {@code _bulk} and does nothing else: no Kafka, no retries, bodies that were made before. */
final class BareLoader {

    static final String INDEX = "bare";

    /** What an indexer's request has at most, by its defaults. */
    private static final int DOCUMENTS = 2_000;
    private static final int BYTES = 3_000_000;
    private static final int AT_ONCE = 4;
    private static final List<String> OWN = List.of("uuid", "version", "creation_date", "provided_name", "history");

    private final IndexStack stack;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    BareLoader(IndexStack stack) {
        this.stack = stack;
    }

    /** Makes its index with the settings and the mapping that the indexer has given its own. */
    void copy(String index) {
        var there = stack.search("GET", "/" + index, null).path(index);
        var settings = (ObjectNode) there.path("settings").path("index").deepCopy();
        settings.remove(OWN);
        var mappings = (ObjectNode) there.path("mappings").deepCopy();
        mappings.remove("_meta");
        stack.search("PUT", "/" + INDEX, "{\"settings\":{\"index\":" + settings + "},\"mappings\":" + mappings + "}");
    }

    /** The requests of a round, ready to be sent. */
    static List<byte[]> bodies(int documents, long version) {
        var bodies = new ArrayList<byte[]>();
        var body = new ByteArrayOutputStream(BYTES);
        int inside = 0;
        for (int number = 0; number < documents; number++) {
            body.writeBytes(("{\"index\":{\"_id\":\"" + Documents.id(number) + "\",\"version\":" + version + ",\"version_type\":\"external_gte\"}}\n").getBytes(StandardCharsets.US_ASCII));
            body.writeBytes(Documents.json(number, version));
            body.write('\n');
            if (++inside == DOCUMENTS || body.size() >= BYTES) {
                bodies.add(body.toByteArray());
                body.reset();
                inside = 0;
            }
        }
        if (inside > 0) {
            bodies.add(body.toByteArray());
        }
        return bodies;
    }

    /** @throws IllegalStateException when a request, or a document of one, is refused */
    void send(List<byte[]> bodies) throws InterruptedException {
        var waiting = new ConcurrentLinkedQueue<>(bodies);
        var senders = new ArrayDeque<Future<?>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < AT_ONCE; i++) {
                senders.add(threads.submit(() -> {
                    for (var body = waiting.poll(); body != null; body = waiting.poll()) {
                        send(body);
                    }
                    return null;
                }));
            }
            for (var sender : senders) {
                sender.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("The bare loader failed", e.getCause());
        }
    }

    private void send(byte[] body) throws IOException, InterruptedException {
        var uri = URI.create(stack.servers().searchUrl() + "/" + INDEX + "/_bulk?filter_path=errors");
        var answer = http.send(HttpRequest.newBuilder(uri).header("Content-Type", "application/x-ndjson").POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofString());
        if (!answer.body().equals("{\"errors\":false}")) {
            throw new IllegalStateException("A bulk request was answered with " + answer.statusCode() + ": " + answer.body());
        }
    }
}
