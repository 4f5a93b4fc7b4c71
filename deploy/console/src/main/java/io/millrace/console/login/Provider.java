package io.millrace.console.login;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.ConsoleConfig;
import io.millrace.pipeline.access.Secret;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The OIDC provider at which people log in, as its discovery document describes it (OpenID Connect Discovery 1.0). Thread-safe. */
@Startup
@Singleton
public class Provider {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** Documents and tokens are some kilobytes. */
    private static final long LARGEST = 1 << 20;
    private static final String DISCOVERY = "/.well-known/openid-configuration";

    private final ObjectMapper json;
    private final URI url;
    private final String client;
    private final String scope;
    private final Secret secret;
    private final HttpAccess access;
    private final HttpClient http;
    /** Null until the provider has told it. */
    private volatile JsonNode description;

    Provider(ConsoleConfig config, Config all, ObjectMapper json, @ConfigProperty(name = "quarkus.oidc.tenant-enabled") boolean on, @ConfigProperty(name = "quarkus.oidc.auth-server-url") Optional<String> url,
            @ConfigProperty(name = "quarkus.oidc.client-id") Optional<String> client) {
        this.json = json;
        this.scope = config.login().scope();
        this.secret = Secret.inFile("millrace.console.login.secret-file", config.login().secretFile());
        this.url = on ? URI.create(withoutSlash(url.orElseThrow(() -> new IllegalStateException("quarkus.oidc.tenant-enabled is on, and quarkus.oidc.auth-server-url names no provider")))) : null;
        this.client = client.orElse(null);
        if (on && this.client == null) {
            throw new IllegalStateException("quarkus.oidc.tenant-enabled is on, and quarkus.oidc.client-id does not say as whom the console is known at " + this.url);
        }
        if (on && config.tokenFile().isPresent()) {
            throw new IllegalStateException("millrace.console.token-file and quarkus.oidc.tenant-enabled are two ways in; leave one of them out");
        }
        this.access = HttpAccess.of(Server.LOGIN, on ? List.of(this.url) : List.of(), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        this.http = access.client().connectTimeout(PATIENCE).build();
    }

    private static String withoutSlash(String text) {
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }

    /** Whether people log in there; else none of the other methods means anything. */
    public boolean isOn() {
        return url != null;
    }

    /** As whom the console is known there. */
    public String client() {
        return client;
    }

    /** What is asked for, by spaces. */
    public String scope() {
        return scope;
    }

    /**
     * One of its addresses, to which a browser is sent.
     *
     * @param name as in the discovery document: {@code authorization_endpoint}
     * @return empty where it has none
     */
    public Optional<String> address(String name) throws IOException, InterruptedException {
        return Optional.ofNullable(described().path(name).asText(null));
    }

    private JsonNode described() throws IOException, InterruptedException {
        var known = description;
        if (known == null) {
            known = answer(HttpRequest.newBuilder(URI.create(url + DISCOVERY)).timeout(PATIENCE).build());
            if (!known.hasNonNull("authorization_endpoint") || !known.hasNonNull("token_endpoint")) {
                throw new IOException("The login provider's " + url + DISCOVERY + " names no authorization_endpoint, or no token_endpoint; check quarkus.oidc.auth-server-url");
            }
            description = known;
        }
        return known;
    }

    /**
     * Asks for tokens (RFC 6749, 4.1.3 and 6).
     *
     * @param form what is sent beside who the console is
     * @return what the provider says
     * @throws RefusedLoginException where it gives none
     */
    public JsonNode tokens(Map<String, String> form) throws IOException, InterruptedException {
        var token = URI.create(described().path("token_endpoint").asText());
        var password = password();
        var request = HttpRequest.newBuilder(token).timeout(PATIENCE).header("Content-Type", "application/x-www-form-urlencoded").header("Accept", "application/json");
        if (password != null) {
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString((encoded(client) + ":" + encoded(password)).getBytes(StandardCharsets.UTF_8)));
        }
        var fields = form.entrySet().stream().map(field -> field.getKey() + "=" + encoded(field.getValue())).collect(Collectors.joining("&"));
        return answer(request.POST(BodyPublishers.ofString(fields + (password == null ? "&client_id=" + encoded(client) : ""))).build());
    }

    /** Null for a public client's. */
    private String password() throws IOException {
        try {
            return secret.read();
        } catch (IllegalStateException e) {
            throw new IOException("The secret of the client " + client + " cannot be read: " + e.getMessage(), e);
        }
    }

    private JsonNode answer(HttpRequest request) throws IOException, InterruptedException {
        var answer = send(request);
        if (answer.status() / 100 == 4 && request.method().equals("POST")) {
            throw new RefusedLoginException("The login provider takes this login no more, or never did (" + answer.body().path("error").asText("HTTP " + answer.status()) + " " + answer.body().path("error_description").asText() + ")");
        }
        if (answer.status() != 200) {
            throw new IOException(request.method() + " " + request.uri() + " answered HTTP " + answer.status() + "; check quarkus.oidc.auth-server-url and quarkus.oidc.client-id");
        }
        return answer.body();
    }

    private record Answer(int status, JsonNode body) {}

    private Answer send(HttpRequest request) throws IOException, InterruptedException {
        try {
            var answer = http.send(request, BodyHandlers.limiting(BodyHandlers.ofString(), LARGEST));
            return new Answer(answer.statusCode(), answer.body().startsWith("{") ? json.readTree(answer.body()) : json.createObjectNode());
        } catch (IOException e) {
            throw new IOException(request.method() + " " + request.uri() + " failed: " + access.why(e), e);
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
