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
import java.nio.file.Files;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks the services and the search engine; an answer that is too large or takes too long is given up while it comes. Thread-safe. */
@Singleton
public class Http {

    private static final Duration LONG = Duration.ofSeconds(25);
    /** A document is held as text and as a tree, from both sides; more of it does not fit into a small process. */
    private static final long LARGEST = 8 << 20;

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
    private final Duration patience;
    private final URI searchUrl;
    /** Null where the search engine wants none. */
    private final String searchAuthorization;

    Http(ConsoleConfig config) {
        this.patience = config.patience();
        this.searchUrl = config.searchUrl();
        this.searchAuthorization = config.searchUser().map(user -> "Basic " + Base64.getEncoder().encodeToString((user + ":" + password(config)).getBytes(StandardCharsets.UTF_8))).orElse(null);
    }

    private static String password(ConsoleConfig config) {
        var file = config.searchPasswordFile().orElseThrow(() -> new IllegalStateException("millrace.console.search-user is set without millrace.console.search-password-file; name the file with its password"));
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new IllegalStateException("The file " + file + ", to which millrace.console.search-password-file refers, cannot be read (" + e + "); create it or correct the path", e);
        }
    }

    /** For what must come soon or not at all. */
    public HttpResponse<String> quick(URI address) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(address).timeout(patience).build());
    }

    /** Asks the search engine. @param body null for none */
    public HttpResponse<String> search(String method, String path, String body) throws IOException, InterruptedException {
        return send(method, searchUrl.resolve(path), body, searchAuthorization);
    }

    /** The same for what must come soon or not at all. */
    public HttpResponse<String> quickSearch(String path) throws IOException, InterruptedException {
        return send(authorized(HttpRequest.newBuilder(searchUrl.resolve(path)).timeout(patience), searchAuthorization).build());
    }

    /**
     * @param body null for none
     * @param authorization passed on as it came; null for none
     */
    public HttpResponse<String> send(String method, URI address, String body, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address).timeout(LONG).header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        return send(authorized(request, authorization).build());
    }

    private static HttpRequest.Builder authorized(HttpRequest.Builder request, String authorization) {
        return authorization == null ? request : request.header("Authorization", authorization);
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        var atMost = request.timeout().orElseThrow();
        // The client's own time limit ends with the first byte of an answer.
        var answer = client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), LARGEST));
        try {
            return answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw failed(request, e.getCause().getMessage() == null ? e.getCause().toString() : e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw failed(request, "no whole answer within " + atMost.toMillis() + " ms", e);
        } finally {
            answer.cancel(true);
        }
    }

    private static IOException failed(HttpRequest request, String why, Throwable cause) {
        return new IOException(request.method() + " " + request.uri() + " failed: " + why, cause);
    }

    /** A name as one step of a path, whatever is in it. */
    public static String step(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
