package io.millrace.pipeline.http;

import io.millrace.pipeline.access.Secret;
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
import java.util.regex.Pattern;

/** A token that a provider gives for a client's id and secret (RFC 6749, 4.4). Asked for again before it ends. Thread-safe. */
final class OidcToken implements Login {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** RFC 6749 5.1 leaves the time out where it is told elsewhere. */
    private static final long UNKNOWN_SECONDS = 60;
    private static final Pattern TOKEN = Pattern.compile("\"access_token\"\\s*:\\s*\"([^\"\\\\]+)\"");
    private static final Pattern SECONDS = Pattern.compile("\"expires_in\"\\s*:\\s*\"?(\\d{1,9})");

    private final String prefix;
    private final URI url;
    private final String client;
    private final Secret secret;
    /** Null for the provider's default. */
    private final String scope;
    private final Tls tls;
    private final HttpClient http;
    /** Guarded by this; null where none is known. */
    private String token;
    /** Guarded by this; {@link System#nanoTime()} from which another one is asked for. */
    private long until;

    OidcToken(String prefix, URI url, String client, Secret secret, String scope, Tls tls) {
        this.prefix = prefix;
        this.url = url;
        this.client = client;
        this.secret = secret;
        this.scope = scope;
        this.tls = tls;
        this.http = HttpClient.newBuilder().connectTimeout(PATIENCE).sslContext(tls.context()).build();
    }

    @Override
    public synchronized String authorization() throws IOException {
        if (token == null || System.nanoTime() - until > 0) {
            token = null;
            ask();
        }
        return "Bearer " + token;
    }

    private void ask() throws IOException {
        var login = Base64.getEncoder().encodeToString((encoded(client) + ":" + encoded(Login.text(secret::read))).getBytes(StandardCharsets.UTF_8));
        var request = HttpRequest.newBuilder(url).timeout(PATIENCE).header("Authorization", "Basic " + login).header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("grant_type=client_credentials" + (scope == null ? "" : "&scope=" + encoded(scope)))).build();
        try {
            var answer = http.send(request, BodyHandlers.ofString());
            var found = TOKEN.matcher(answer.body());
            if (answer.statusCode() != 200 || !found.find()) {
                throw new IOException("it answers HTTP " + answer.statusCode() + (answer.statusCode() / 100 == 4 ? ", so it does not take " + describe() : ""));
            }
            var seconds = SECONDS.matcher(answer.body());
            long lives = seconds.find() ? Long.parseLong(seconds.group(1)) : UNKNOWN_SECONDS;
            token = found.group(1);
            // A tenth early, for it travels and clocks differ.
            until = System.nanoTime() + Duration.ofSeconds(lives).toNanos() / 10 * 9;
        } catch (IOException e) {
            throw new ExplainedException("The OIDC provider at " + url + " (" + prefix + "oidc.token-url) gives no token: " + Trouble.why(e, tls.signers(), prefix + "oidc."), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Asking the OIDC provider at " + url + " for a token was interrupted", e);
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public synchronized void refused() {
        token = null;
    }

    @Override
    public String describe() {
        return "the client " + client + " (" + prefix + "oidc.client-id) with the secret of " + secret;
    }
}
