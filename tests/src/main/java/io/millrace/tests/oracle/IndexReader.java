package io.millrace.tests.oracle;

import io.millrace.launcher.stack.StackAccess;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** Reads an index with nothing but HTTP, so that no client library stands between a document and its comparison. Thread-safe. */
public final class IndexReader {

    /** Documents with long messages are some 15 kB, and the local node has a small heap. */
    private static final int PAGE = 200;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final HttpClient http;
    private final StackAccess access;
    private final String searchUrl;

    /** @param searchUrl such as {@code http://localhost:19200} */
    public IndexReader(String searchUrl) {
        this(searchUrl, StackAccess.NONE);
    }

    /** @param access how the search engine of a secured stack is asked */
    public IndexReader(String searchUrl, StackAccess access) {
        this.searchUrl = searchUrl;
        this.access = access;
        this.http = access.http().connectTimeout(Duration.ofSeconds(5)).build();
    }

    /** Every document that a reader of the alias can find now, after a refresh: canonical JSON by document id; none where there is no such alias yet. */
    public SortedMap<String, String> read(String alias) {
        var documents = new TreeMap<String, String>();
        each(alias, (id, document) -> putOnce(alias, documents, id, document));
        return documents;
    }

    /** The same by digest, see {@link Digest}. */
    SortedMap<String, String> digests(String alias) {
        var digests = new TreeMap<String, String>();
        each(alias, (id, document) -> putOnce(alias, digests, id, Digest.of(document)));
        return digests;
    }

    private static void putOnce(String alias, Map<String, String> documents, String id, String content) {
        if (documents.put(id, content) != null) {
            throw new IllegalStateException("The alias " + alias + " gives document " + id + " twice: it stands over two generations at once");
        }
    }

    /** Gives every document that a reader of the alias can find now, after a refresh, by its id and in canonical JSON; none where there is no such alias yet. */
    public void each(String alias, BiConsumer<String, String> document) {
        if (status("HEAD", "/" + alias) == 404) {
            return;
        }
        ask("POST", "/" + alias + "/_refresh", null);
        var page = ask("POST", "/" + alias + "/_search?scroll=1m", "{\"size\":" + PAGE + ",\"sort\":[\"_doc\"],\"query\":{\"match_all\":{}}}");
        while (!page.get("hits").get("hits").items().isEmpty()) {
            requireWhole(alias, page);
            page.get("hits").get("hits").items().forEach(hit -> document.accept(hit.get("_id").asText(), CanonicalJson.write(hit.get("_source"))));
            page = ask("POST", "/_search/scroll", "{\"scroll\":\"1m\",\"scroll_id\":" + CanonicalJson.write(page.get("_scroll_id")) + "}");
        }
        ask("DELETE", "/_search/scroll", "{\"scroll_id\":" + CanonicalJson.write(page.get("_scroll_id")) + "}");
    }

    /** How many writes and deletes the alias has taken since its index was made; stands still when nothing arrives. */
    public long operations(String alias) {
        if (status("HEAD", "/" + alias) == 404) {
            return 0;
        }
        var indexing = ask("GET", "/" + alias + "/_stats/indexing", null).get("_all").get("primaries").get("indexing");
        return Long.parseLong(indexing.get("index_total").asText()) + Long.parseLong(indexing.get("delete_total").asText());
    }

    /** How many documents a reader finds now, without a refresh; 0 where there is no such alias yet. */
    public long count(String alias) {
        return status("HEAD", "/" + alias) == 404 ? 0 : Long.parseLong(ask("GET", "/" + alias + "/_count", null).get("count").asText());
    }

    /** Ids of what a query finds now, without a refresh. */
    public List<String> search(String alias, String query) {
        return ask("POST", "/" + alias + "/_search", "{\"query\":" + query + "}").get("hits").get("hits").items().stream().map(hit -> hit.get("_id").asText()).toList();
    }

    /** A document as the index has it now, also before a refresh, in canonical JSON; null where there is none. */
    public String get(String alias, String id) {
        var answer = send("GET", "/" + alias + "/_doc/" + id, null);
        return switch (answer.statusCode()) {
            case 200 -> CanonicalJson.write(CanonicalJson.read(answer.body()).get("_source"));
            case 404 -> null;
            default -> throw new IllegalStateException("GET " + alias + "/_doc/" + id + " answered " + answer.statusCode() + ": " + answer.body());
        };
    }

    /** Any other question to the search engine. */
    public Json ask(String method, String path, String body) {
        var answer = send(method, path, body);
        if (answer.statusCode() / 100 != 2) {
            throw new IllegalStateException(method + " " + searchUrl + path + " answered " + answer.statusCode() + ": " + answer.body());
        }
        return CanonicalJson.read(answer.body());
    }

    private static void requireWhole(String alias, Json page) {
        if (!page.get("timed_out").asText().equals("false") || !page.get("_shards").get("failed").asText().equals("0")) {
            throw new IllegalStateException("Reading " + alias + " gave only a part: " + CanonicalJson.write(page.get("_shards")));
        }
    }

    private int status(String method, String path) {
        return send(method, path, null).statusCode();
    }

    private HttpResponse<String> send(String method, String path, String body) {
        var publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        var asked = HttpRequest.newBuilder(URI.create(searchUrl + path)).timeout(TIMEOUT).header("Content-Type", "application/json").method(method, publisher);
        access.admin().ifPresent(admin -> asked.header("Authorization", admin));
        var request = asked.build();
        long end = System.nanoTime() + TIMEOUT.toNanos();
        try {
            var answer = http.send(request, BodyHandlers.ofString());
            // The node asks for patience when its small heap is full; whoever judges has time.
            while (answer.statusCode() == TOO_MANY_REQUESTS && System.nanoTime() < end) {
                Thread.sleep(PAUSE);
                answer = http.send(request, BodyHandlers.ofString());
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + searchUrl + path + " failed: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while asking " + searchUrl + path, e);
        }
    }
}
