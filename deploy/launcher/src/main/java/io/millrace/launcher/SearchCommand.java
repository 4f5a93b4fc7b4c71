package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.search.SearchAnswer;
import io.millrace.launcher.search.SearchRequest;
import io.millrace.launcher.stack.StackAccess;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A first look at an index, without knowing the search engine's language. */
@Command(name = "search", description = "Searches an index: words, exact values, facets, order.", footer = {"", "For example: ./millrace search monitors disk usage --facet team.name --where status=alert --sort modified:desc"},
        mixinStandardHelpOptions = true)
final class SearchCommand implements Callable<Integer> {

    private static final int MOST = 1_000;
    private static final Duration CONNECTING = Duration.ofSeconds(5);

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;
    @Parameters(index = "0", paramLabel = "INDEX", description = "Name of the index: the pipeline's, unless its file says index.name.")
    private String index;
    @Parameters(index = "1..*", arity = "0..*", paramLabel = "WORDS", description = "Words that documents have. A minus before a word means without it, quotes a phrase.")
    private List<String> words = List.of();
    @Option(names = "--facet", paramLabel = "FIELD", description = "Counts the documents for each value of a field.")
    private List<String> facets = List.of();
    @Option(names = "--where", paramLabel = "FIELD=VALUE", description = "Only documents in which the field is exactly that.")
    private List<String> where = List.of();
    @Option(names = "--sort", paramLabel = "FIELD[:desc]", description = "By this field. Default: the best match first.")
    private List<String> sort = List.of();
    @Within(of = "a number", from = 0, to = MOST)
    @Option(names = "--size", paramLabel = "N", defaultValue = "10", description = "How many documents are shown. Default: ${DEFAULT-VALUE}.")
    private int size;
    @Option(names = "--json", description = "The search engine's own answer, for programs.")
    private boolean json;
    @Option(names = "--url", paramLabel = "URL", converter = HttpAddress.class, description = "The search engine's address. Default: that of the stack which runs on the data folder.")
    private String url;
    @Within(of = "seconds", from = 1)
    @Option(names = "--timeout", paramLabel = "SECONDS", defaultValue = "30", description = "How long an answer may take. Default: ${DEFAULT-VALUE}.")
    private int timeout;
    @Option(names = "--user", paramLabel = "NAME", description = "Who asks, where the search engine wants to know.")
    private String user;
    @Option(names = "--password-env", paramLabel = "NAME", defaultValue = "MILLRACE_SEARCH_PASSWORD", description = "The environment variable that holds the password. Default: ${DEFAULT-VALUE}.")
    private String passwordVariable;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var request = new SearchRequest(String.join(" ", words), where, facets, sort, size);
        var path = "/" + StageCall.encoded(index);
        JsonNode answer;
        try (var http = access().http().connectTimeout(CONNECTING).build()) {
            answer = ask(http, "POST", path + "/_search", new JsonMapper().writeValueAsString(request.body(ask(http, "GET", path + "/_mapping", null))));
        }
        var out = spec.commandLine().getOut();
        if (json) {
            out.println(answer);
        } else {
            SearchAnswer.print(answer, facets, out);
        }
        out.flush();
        return 0;
    }

    private StackAccess access() {
        return url == null ? StackAccess.of(data.path()) : StackAccess.NONE;
    }

    private JsonNode ask(HttpClient http, String method, String path, String body) throws InterruptedException {
        var address = (url == null ? data.running().search() : url) + path;
        var request = HttpRequest.newBuilder(URI.create(address)).timeout(Duration.ofSeconds(timeout)).header("Content-Type", "application/json").method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (user != null) {
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString((user + ":" + password()).getBytes(StandardCharsets.UTF_8)));
        } else {
            access().admin().ifPresent(admin -> request.header("Authorization", admin));
        }
        try {
            var answer = http.send(request.build(), BodyHandlers.ofString());
            if (answer.statusCode() == 404) {
                throw new LocalException("The search engine at " + address + " has no index '" + index + "'" + (url == null ? ". Those of this stack are: " + String.join(", ", data.running().indexes()) : ""));
            }
            if (answer.statusCode() != 200) {
                throw new LocalException("The search engine answers " + answer.statusCode() + " to " + method + " " + address + ": " + reason(answer.body()));
            }
            return new JsonMapper().readTree(answer.body());
        } catch (IOException e) {
            throw new LocalException("Asking the search engine at " + address + " failed: " + StageCall.why(e, timeout) + (url == null ? ". See " + data.command("status") + ", or give another address with --url" : ". Does it run there? If not, give its address with --url"), e);
        }
    }

    private String password() {
        var password = System.getenv(passwordVariable);
        if (password == null) {
            throw new LocalException("The environment variable " + passwordVariable + ", which --password-env names, is not set");
        }
        return password;
    }

    /** The cause that lies deepest tells which value or field it was. */
    private static String reason(String body) throws IOException {
        var error = new JsonMapper().readTree(body).path("error");
        var cause = error.path("root_cause").path(0).path("reason").asText(error.path("reason").asText());
        return cause.isEmpty() ? body : cause;
    }
}
