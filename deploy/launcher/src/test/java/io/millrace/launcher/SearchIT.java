package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What somebody finds who knows the documents, and not the search engine's language. */
class SearchIT {

    private static final int DOCUMENTS = 30;
    private static final String MAPPING = """
            {"mappings": {"dynamic": "strict", "properties": {
                "name": {"type": "text", "fields": {"keyword": {"type": "keyword"}}}, "notes": {"type": "text"}, "state": {"type": "keyword"}, "size": {"type": "long"}, "place": {"type": "geo_point"},
                "team": {"properties": {"name": {"type": "text", "fields": {"keyword": {"type": "keyword"}}}}},
                "tags": {"type": "nested", "properties": {"label": {"type": "keyword"}, "words": {"type": "text"}}}}}}""";

    @TempDir
    static Path data;
    private static LocalServers servers;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void startSearch() throws IOException, InterruptedException {
        servers = LocalServers.in(data, Ports.free());
        servers.search().start();
        send("PUT", "/things-000001", MAPPING);
        var bulk = new StringBuilder();
        for (int i = 0; i < DOCUMENTS; i++) {
            bulk.append("{\"index\":{\"_id\":\"%d\"}}\n".formatted(i)).append("""
                    {"name":"disk %d","notes":"note %s","state":"%s","size":%d,"team":{"name":"Team %d"},"tags":[{"label":"red","words":"warm colour"},{"label":"l%d","words":"x"}]}
                    """.formatted(i, i == 7 ? "zanzibar" : "plain", i % 3 == 0 ? "open" : "closed", 100 - i, i % 2, i % 5));
        }
        send("POST", "/things-000001/_bulk?refresh=true", bulk.toString());
        send("POST", "/_aliases", "{\"actions\":[{\"add\":{\"index\":\"things-000001\",\"alias\":\"things\"}}]}");
    }

    @AfterAll
    static void stopSearch() {
        servers.search().stop();
    }

    private static JsonNode send(String method, String path, String body) throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            var answer = http.send(HttpRequest.newBuilder(URI.create(servers.searchUrl() + path)).header("Content-Type", "application/json").method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
            assertTrue(answer.statusCode() == 200 && !answer.body().contains("\"errors\":true"), answer::body);
            return new JsonMapper().readTree(answer.body());
        }
    }

    @BeforeEach
    void clear() {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
    }

    @Test
    void wordsAreFoundInTheDocumentAndInTheRowsOfANestedRelation() throws IOException {
        assertEquals(List.of("7"), ids("zanzibar"));
        assertEquals(List.of(), ids("zanzibar", "colour"), "all words stand in one place");
        assertEquals(DOCUMENTS, found("--json", "warm", "colour").path("hits").path("total").path("value").asInt());
        assertEquals(DOCUMENTS, found("--json").path("hits").path("total").path("value").asInt(), "without words every document");
    }

    @Test
    void aFieldOfWordsIsComparedCountedAndSortedByItsWholeValue() throws IOException {
        assertEquals(IntStream.of(9, 3, 27, 21, 15).mapToObj(Integer::toString).toList(), ids("--where", "team.name=Team 1", "--where", "state=open", "--sort", "name:desc", "--size", "10"));
        assertEquals(List.of("29", "28", "27"), ids("--sort", "size", "--size", "3"));
        assertEquals(IntStream.iterate(2, i -> i < DOCUMENTS, i -> i + 5).mapToObj(Integer::toString).toList(), ids("--where", "tags.label=l2", "--sort", "size:desc"));
    }

    @Test
    void facetsCountDocumentsAlsoByTheRowsOfANestedRelation() {
        assertEquals(0, search("disk", "--facet", "state", "--facet", "team.name", "--facet", "tags.label", "--size", "1"), err::toString);
        var said = out.toString();
        for (var part : List.of("30 documents, found in ", "  state: closed 20, open 10\n", "  team.name: Team 0 15, Team 1 15\n", "  tags.label: red 30, l0 6, l1 6, l2 6, l3 6, l4 6\n", "\"name\":\"disk ")) {
            assertTrue(said.contains(part), () -> part + " in " + said);
        }
    }

    /** What the page for applications says of paging. The first two say that it is needed: where they fail, the search engine is mended, and the page can do without. */
    @Test
    void aSearchThatIsToldToCountAllHitsLeavesNoneOutWhereManyDocumentsWereDeleted() throws IOException, InterruptedException {
        int live = 3_000;
        int all = 10 * live;
        send("PUT", "/worn", "{\"mappings\":{\"properties\":{\"number\":{\"type\":\"long\"}}}}");
        var written = new StringBuilder();
        var deleted = new StringBuilder();
        for (int i = 0; i < all; i++) {
            written.append("{\"index\":{\"_id\":\"%d\"}}\n{\"number\":%d}\n".formatted(i, i * 7919L % all));
            deleted.append(i % 10 == 0 ? "" : "{\"delete\":{\"_id\":\"%d\"}}\n".formatted(i));
        }
        send("POST", "/worn/_bulk?refresh=true", written.toString());
        send("POST", "/worn/_forcemerge?max_num_segments=1", "");
        send("POST", "/worn/_bulk?refresh=true", deleted.toString());

        var sorted = "{\"size\":10000,\"_source\":false,\"query\":{\"match_all\":{}},\"sort\":[{\"number\":\"asc\"}]";
        var ranged = "{\"size\":10000,\"_source\":false,\"query\":{\"range\":{\"number\":{\"gte\":0}}}";
        assertTrue(hits(sorted + "}") < live, "sorted by a number");
        assertTrue(hits(ranged + "}") < live, "one range alone");
        for (var query : List.of(sorted + ",\"track_total_hits\":true}", ranged + ",\"track_total_hits\":true}",
                "{\"size\":10000,\"_source\":false,\"query\":{\"bool\":{\"filter\":[{\"range\":{\"number\":{\"gte\":0}}}]}},\"sort\":[{\"number\":\"asc\"}]}")) {
            assertEquals(live, hits(query), query);
        }
    }

    private static int hits(String query) throws IOException, InterruptedException {
        return send("POST", "/worn/_search", query).path("hits").path("hits").size();
    }

    @Test
    void whatCannotBeAskedIsSaidWithWhatCan() {
        refused("has no field 'colour'. Its fields are: name, notes, place, size, state, tags.label, tags.words, team.name", "--facet", "colour");
        refused("'notes' can be searched by words and not by its whole value. Fields that can be compared, counted and sorted by: name, size, state, tags.label, team.name", "--sort", "notes");
        refused("'place' can", "--where", "place=1");
        refused("answers 400 to POST", "--where", "size=large");
        assertEquals(2, search("--where", "state"));
        assertTrue(err.toString().contains("--where wants FIELD=VALUE, not 'state'"), err.toString());
        assertEquals(2, search("--size", "-1"));
        assertTrue(err.toString().contains("--size wants a number from 0 to 1000"), err.toString());
        clear();
        assertEquals(1, run("search", "nothing", "--url", servers.searchUrl()));
        assertTrue(err.toString().contains("has no index 'nothing'"), err.toString());
        clear();
        assertEquals(1, run("search", "things", "--url", "http://localhost:1"));
        assertTrue(err.toString().contains("Asking the search engine at http://localhost:1/things/_mapping failed"), err.toString());
    }

    private void refused(String sentence, String... arguments) {
        clear();
        assertEquals(1, search(arguments), out::toString);
        assertTrue(err.toString().contains(sentence) && !err.toString().contains("fault of Millrace"), err::toString);
    }

    private List<String> ids(String... arguments) throws IOException {
        var words = new ArrayList<>(List.of(arguments));
        words.addFirst("--json");
        var ids = new ArrayList<String>();
        found(words.toArray(String[]::new)).path("hits").path("hits").forEach(hit -> ids.add(hit.path("_id").asText()));
        return ids;
    }

    private JsonNode found(String... arguments) throws IOException {
        clear();
        assertEquals(0, search(arguments), err::toString);
        return new JsonMapper().readTree(out.toString());
    }

    private int search(String... arguments) {
        var all = new ArrayList<>(List.of("search", "things", "--url", servers.searchUrl()));
        all.addAll(List.of(arguments));
        return run(all.toArray(String[]::new));
    }

    private int run(String... arguments) {
        return Main.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true)).execute(arguments);
    }
}
