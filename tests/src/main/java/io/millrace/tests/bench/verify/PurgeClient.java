package io.millrace.tests.bench.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.util.UUID;

/** Asks the purge service as an operator does. */
final class PurgeClient implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();

    private final DemoStack stack;
    private final HttpClient http = HttpClient.newHttpClient();

    PurgeClient(DemoStack stack) {
        this.stack = stack;
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        return sent(request(path).GET());
    }

    JsonNode post(String path, String body) throws IOException, InterruptedException {
        return sent(request(path).POST(BodyPublishers.ofString(body)));
    }

    /** A request of which each is made once. */
    JsonNode once(String path, String body) throws IOException, InterruptedException {
        return sent(request(path).header("Idempotency-Key", UUID.randomUUID().toString()).POST(BodyPublishers.ofString(body)));
    }

    private HttpRequest.Builder request(String path) throws IOException {
        return HttpRequest.newBuilder(URI.create(stack.address(Stage.PURGE) + path)).header("Content-Type", "application/json").header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private JsonNode sent(HttpRequest.Builder request) throws IOException, InterruptedException {
        var answer = http.send(request.build(), BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) {
            throw new IOException("The purge service answered " + answer.statusCode() + " to " + answer.uri().getPath() + ": " + answer.body());
        }
        return JSON.readTree(answer.body().isEmpty() ? "{}" : answer.body());
    }

    @Override
    public void close() {
        http.close();
    }
}
