package io.millrace.console;

import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Asks the services and the search engine; an answer that is too large is refused while it comes. Thread-safe. */
@Singleton
public class Http {

    private static final Duration LONG = Duration.ofSeconds(25);
    /** A document is held as text and as a tree, from both sides; more of it does not fit into a small process. */
    private static final long LARGEST = 8 << 20;

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
    private final Duration patience;

    Http(ConsoleConfig config) {
        this.patience = config.patience();
    }

    /** For what must come soon or not at all. */
    public HttpResponse<String> quick(URI address) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(address).timeout(patience).build());
    }

    /**
     * @param body null for none
     * @param authorization passed on as it came; null for none
     */
    public HttpResponse<String> send(String method, URI address, String body, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address).timeout(LONG).header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        return send(request.build());
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        try {
            return client.send(request, BodyHandlers.limiting(BodyHandlers.ofString(), LARGEST));
        } catch (IOException e) {
            throw new IOException(request.method() + " " + request.uri() + " failed: " + (e.getMessage() == null ? e.toString() : e.getMessage()), e);
        }
    }

    /** A name as one step of a path, whatever is in it. */
    public static String step(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
