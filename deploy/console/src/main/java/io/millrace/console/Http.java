package io.millrace.console;

import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
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
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.Config;

/** Asks the services, the search engine and Prometheus; an answer that is too large or takes too long is given up while it comes. Thread-safe. */
@Singleton
public class Http {

    private static final Duration LONG = Duration.ofSeconds(25);
    /** A document is held as text and as a tree, from both sides; more of it does not fit into a small process. */
    private static final long LARGEST = 8 << 20;
    /** Some curves of some hundred points; what is larger is none of them. */
    private static final long LARGEST_CURVES = 256 << 10;
    private static final int UNAUTHORIZED = 401;

    private final HttpClient client;
    private final HttpClient searchClient;
    private final HttpClient prometheusClient;
    private final Duration patience;
    private final URI searchUrl;
    private final HttpAccess searchAccess;
    private final HttpAccess serviceAccess;
    private final HttpAccess prometheusAccess;
    private final PrometheusAddress prometheus;

    Http(ConsoleConfig config, Config all) {
        this.patience = config.patience();
        this.searchUrl = config.searchUrl();
        // First: what follows quotes its address.
        this.prometheus = PrometheusAddress.of(config);
        this.searchAccess = HttpAccess.of(Server.SEARCH, List.of(searchUrl), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        this.serviceAccess = HttpAccess.of(Server.SERVICES, services(config), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        this.prometheusAccess = HttpAccess.of(Server.PROMETHEUS, config.prometheusUrl().map(List::of).orElse(List.of()), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        this.client = patient(serviceAccess.client());
        this.searchClient = patient(searchAccess.client());
        this.prometheusClient = patient(prometheusAccess.client());
    }

    private static List<URI> services(ConsoleConfig config) {
        return Stream.of(config.captureUrls(), config.gateUrls(), config.denormalizerUrls(), config.indexerUrls(), config.purgeUrls()).flatMap(List::stream).toList();
    }

    private static HttpClient patient(HttpClient.Builder client) {
        return client.version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
    }

    /** Asks a service for its health or its figures, which must come soon or not at all, with the token of whoever may see them where there is one. */
    public HttpResponse<String> quick(URI address) throws IOException, InterruptedException {
        return send(serviceAccess.authorize(HttpRequest.newBuilder(address).timeout(patience)).build());
    }

    /** Asks the search engine. @param body null for none */
    public HttpResponse<String> search(String method, String path, String body) throws IOException, InterruptedException {
        return search(request(method, searchUrl.resolve(path), body));
    }

    /** The same where no other answer is wanted than one that comes within a time and is not larger. @param largest bytes */
    public HttpResponse<String> search(String method, String path, String body, Duration atMost, long largest) throws IOException, InterruptedException {
        return search(request(method, searchUrl.resolve(path), body).timeout(atMost), largest);
    }

    /** The same for what must come soon or not at all. */
    public HttpResponse<String> quickSearch(String path) throws IOException, InterruptedException {
        return search(HttpRequest.newBuilder(searchUrl.resolve(path)).timeout(patience));
    }

    private HttpResponse<String> search(HttpRequest.Builder request) throws IOException, InterruptedException {
        return search(request, LARGEST);
    }

    private HttpResponse<String> search(HttpRequest.Builder request, long largest) throws IOException, InterruptedException {
        var asked = searchAccess.authorize(request).build();
        var answer = send(searchClient, asked, searchAccess::why, largest);
        if (answer.statusCode() == UNAUTHORIZED) {
            throw failed(asked, searchAccess.why(UNAUTHORIZED), null);
        }
        return answer;
    }

    /** Null where none is configured. */
    public PrometheusAddress prometheus() {
        return prometheus;
    }

    /**
     * Asks Prometheus about a range.
     *
     * @param form what is asked, as a browser sends a form: an expression may be longer than an address can be
     * @param atMost for the whole answer
     */
    public HttpResponse<String> prometheus(String form, Duration atMost) throws IOException, InterruptedException {
        var asked = prometheusAccess.authorize(HttpRequest.newBuilder(prometheus.query()).timeout(atMost).header("Content-Type", "application/x-www-form-urlencoded").POST(HttpRequest.BodyPublishers.ofString(form))).build();
        var answer = send(prometheusClient, asked, prometheusAccess::why, LARGEST_CURVES);
        if (answer.statusCode() == UNAUTHORIZED) {
            throw failed(asked, prometheusAccess.why(UNAUTHORIZED), null);
        }
        return answer;
    }

    /**
     * @param body null for none
     * @param authorization passed on as it came; null for none
     */
    public HttpResponse<String> send(String method, URI address, String body, String authorization) throws IOException, InterruptedException {
        return send(method, address, body, authorization, null);
    }

    /** @param idempotencyKey passed on as it came; null for none */
    public HttpResponse<String> send(String method, URI address, String body, String authorization, String idempotencyKey) throws IOException, InterruptedException {
        var request = request(method, address, body);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        if (idempotencyKey != null) {
            request.header("Idempotency-Key", idempotencyKey);
        }
        return send(request.build());
    }

    private static HttpRequest.Builder request(String method, URI address, String body) {
        return HttpRequest.newBuilder(address).timeout(LONG).header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return send(client, request, serviceAccess::why, LARGEST);
    }

    private static HttpResponse<String> send(HttpClient client, HttpRequest request, Function<Throwable, String> why, long largest) throws IOException, InterruptedException {
        var atMost = request.timeout().orElseThrow();
        // The client's own time limit ends with the first byte of an answer.
        var answer = client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), largest));
        try {
            return answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw failed(request, why.apply(e.getCause()), e.getCause());
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
