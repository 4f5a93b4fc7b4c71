package io.millrace.purge.search;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.purge.PurgeConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import org.eclipse.microprofile.config.Config;

/** What is asked of the search engine. Thread-safe. */
@ApplicationScoped
public class SearchEngine {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** Of what reads many documents. */
    private static final Duration LONG_PATIENCE = Duration.ofSeconds(30);

    private final HttpAccess access;
    private final HttpClient http;
    private final ObjectMapper json;
    private final URI address;

    SearchEngine(PurgeConfig config, Config all, ObjectMapper json) {
        this.json = json;
        this.address = config.freshness().searchUrl();
        this.access = HttpAccess.of(Server.SEARCH, List.of(address), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        this.http = access.client().connectTimeout(Duration.ofSeconds(2)).build();
    }

    /** The engine's id of the index that an alias stands for; empty where there is none, or not exactly one. */
    public String uuid(String alias) throws IOException, InterruptedException {
        var answer = ask("GET", "/" + alias + "/_settings/index.uuid");
        var indexes = answer.isEmpty() ? null : json.readTree(answer);
        return indexes == null || indexes.size() != 1 ? "" : indexes.iterator().next().path("settings").path("index").path("uuid").asText("");
    }

    /** Returns when searches see all that the index has. */
    public void refresh(String alias) throws IOException, InterruptedException {
        ask("POST", "/" + alias + "/_refresh");
    }

    private String ask(String method, String path) throws IOException, InterruptedException {
        return ask(method, path, null, PATIENCE);
    }

    /**
     * Asks with a body of JSON, for many documents perhaps.
     *
     * @return the answer; empty where what is asked about is not there
     * @throws IOException when the engine is away or answers with an error
     */
    public String ask(String method, String path, String body) throws IOException, InterruptedException {
        return ask(method, path, body, LONG_PATIENCE);
    }

    private String ask(String method, String path, String body, Duration patience) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address.resolve(path)).timeout(patience).method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        var answer = send(access.authorize(request).build());
        if (answer.statusCode() == 404) {
            return "";
        }
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(method + " " + address.resolve(path) + " answered " + access.why(answer.statusCode()));
        }
        return answer.body();
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new IOException(request.method() + " " + request.uri() + " failed: " + access.why(e), e);
        }
    }
}
