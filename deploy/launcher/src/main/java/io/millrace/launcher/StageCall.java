package io.millrace.launcher;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.StackAccess;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** The options that say which process of a stage is meant, and its answers. */
abstract class StageCall {

    private static final Duration CONNECTING = Duration.ofSeconds(5);
    private static final Pattern MARKUP = Pattern.compile("<[^>]*>|\\s+");
    private static final int LONGEST_SAID = 300;

    @Option(names = "--url", paramLabel = "URL", converter = HttpAddress.class, description = "The stage's address. Default: that of the stack which runs on the data folder.")
    private String url;
    @Option(names = "--token-env", paramLabel = "NAME", description = "The environment variable that holds the bearer token. Default: the token in the data folder, where --url is not given.")
    private String tokenVariable;
    @Option(names = "--json", description = "The stage's own answer, for programs.")
    private boolean json;
    @Within(of = "seconds", from = 1)
    @Option(names = "--timeout", paramLabel = "SECONDS", defaultValue = "30", description = "How long an answer may take. Default: ${DEFAULT-VALUE}.")
    private int timeout;
    private final String stage;

    StageCall(String stage) {
        this.stage = stage;
    }

    /**
     * Another stage, called with the same token.
     *
     * @param url its address; null for that of the stack
     */
    StageCall(String stage, StageCall like, String url) {
        this.stage = stage;
        this.url = url;
        this.tokenVariable = like.tokenVariable;
        this.timeout = like.timeout;
    }

    /** Where the stack runs that is meant unless an address is given. */
    abstract DataFolder data();

    /** A text as a segment of a path, or as the value of a parameter. */
    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    boolean json() {
        return json;
    }

    /** @throws LocalException with the stage's own words when it does not do what was asked */
    JsonNode get(String path) throws IOException, InterruptedException {
        return send(request(path).GET());
    }

    /** @throws LocalException with the stage's own words when it does not do what was asked */
    JsonNode post(String path, Map<String, ?> body) throws IOException, InterruptedException {
        return send(posting(path, body));
    }

    /**
     * What the stage's readiness says, ready or not.
     *
     * @throws LocalException when it does not answer
     */
    JsonNode health() throws IOException, InterruptedException {
        var request = request("/q/health/ready").GET().build();
        try (var http = access().http().connectTimeout(CONNECTING).build()) {
            return new JsonMapper().readTree(http.send(request, BodyHandlers.ofString()).body());
        } catch (IOException e) {
            throw unanswered(request, e);
        }
    }

    private HttpRequest.Builder posting(String path, Map<String, ?> body) throws IOException {
        return request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(new JsonMapper().writeValueAsString(body)));
    }

    /** @throws LocalException with the stage's own words when it does not do what was asked */
    JsonNode delete(String path) throws IOException, InterruptedException {
        return send(request(path).DELETE());
    }

    /** The gate has its words in {@code message}, the purge service in {@code detail} (RFC 9457); a proxy between may have none of both, and pages of HTML. */
    private static String said(String body) {
        try {
            var answer = new JsonMapper().readTree(body);
            var said = answer.path("message").asText(answer.path("detail").asText());
            return said.isEmpty() ? body : said;
        } catch (JsonProcessingException e) {
            var plain = MARKUP.matcher(body).replaceAll(" ").strip();
            return plain.length() > LONGEST_SAID ? plain.substring(0, LONGEST_SAID) + "…" : plain;
        }
    }

    /**
     * A request that is done once, however often it is sent with this key.
     *
     * @throws LocalException with the stage's own words when it does not do what was asked
     */
    JsonNode post(String path, Map<String, ?> body, String idempotencyKey) throws IOException, InterruptedException {
        return send(posting(path, body).header("Idempotency-Key", idempotencyKey));
    }

    private HttpRequest.Builder request(String path) throws IOException {
        var request = HttpRequest.newBuilder(URI.create(address() + path)).timeout(Duration.ofSeconds(timeout));
        var token = token();
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private StackAccess access() {
        return url == null ? StackAccess.of(data().path()) : StackAccess.NONE;
    }

    private String address() {
        if (url != null) {
            return url;
        }
        return data().running().process(stage).orElseThrow(() -> new LocalException("The stack on " + data().path() + " has no " + stage + "; give its address with --url")).address();
    }

    /** A command as it is to be typed for what this call speaks to. */
    String command(String words) {
        return url == null ? data().command(words) : "./millrace " + words + " --url " + url;
    }

    private String token() throws IOException {
        if (tokenVariable != null) {
            var token = System.getenv(tokenVariable);
            if (token == null || token.isBlank()) {
                throw new LocalException("The environment variable " + tokenVariable + ", which --token-env names, is not set");
            }
            return token.strip();
        }
        var file = data().path().resolve("token");
        return url == null && Files.exists(file) ? Files.readString(file).strip() : null;
    }

    private JsonNode send(HttpRequest.Builder builder) throws InterruptedException {
        var request = builder.build();
        try (var http = access().http().connectTimeout(CONNECTING).build()) {
            var answer = http.send(request, BodyHandlers.ofString());
            if (answer.statusCode() == 401 || answer.statusCode() == 403) {
                throw new LocalException("The " + stage + " at " + request.uri() + " answers " + answer.statusCode() + ": the caller may not do this. Name the variable that holds the operator's token with --token-env");
            }
            if (answer.statusCode() / 100 != 2) {
                throw new LocalException("The " + stage + " answers " + answer.statusCode() + " to " + request.method() + " " + request.uri() + ": " + said(answer.body()));
            }
            return answer.body().isBlank() ? new JsonMapper().createObjectNode() : new JsonMapper().readTree(answer.body());
        } catch (JsonProcessingException e) {
            throw new LocalException("What answers at " + request.uri() + " is not the " + stage + ": its answer is no JSON. Give the right address with --url", e);
        } catch (IOException e) {
            throw unanswered(request, e);
        }
    }

    /**
     * Why a server gave no answer, in words.
     *
     * @param timeout for how many seconds it was waited for
     */
    static String why(IOException failure, int timeout) {
        return switch (failure) {
            case HttpTimeoutException late -> "it did not answer within " + timeout + " s (--timeout)";
            case ConnectException refused -> "nothing answers there";
            default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
        };
    }

    private LocalException unanswered(HttpRequest request, IOException e) {
        return new LocalException("Asking the " + stage + " at " + request.uri() + " failed: " + why(e, timeout)
                + (url == null ? ". See " + data().command("status") + ", or give another address with --url" : ". Does it run there? If not, give its address with --url"), e);
    }
}
