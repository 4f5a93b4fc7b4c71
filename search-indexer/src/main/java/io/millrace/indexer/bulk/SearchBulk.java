package io.millrace.indexer.bulk;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.SearchClients;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.health.Conditions;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.wording.Counted;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Response;

/** Sends bulk requests to the search engine, so many at once as it takes well. Thread-safe. */
@Singleton
public final class SearchBulk implements Bulk {

    private static final int TOO_LARGE = 413;
    private static final Answer TOO_LARGE_ANSWER = new Answer.TooLarge("HTTP 413: the request is larger than the search engine's http.max_content_length");
    private static final String SEQ_NO = "_seq_no";
    private static final int MOST_OF_AN_ERROR = 2_000;

    /** The engine waits so long for a shard that is not there, and says so; whoever waits longer with a request in flight keeps other indexes from being written. */
    private static final Duration LONGEST_FOR_A_SHARD = Duration.ofSeconds(1);

    private final SearchClients search;
    private final ObjectMapper json;
    private final BulkPermits permits;
    private final Duration longest;
    private final Duration slow;
    private final Map<String, String> query;

    SearchBulk(SearchClients search, ObjectMapper json, IndexerConfig config, Conditions conditions, MeterRegistry meters) {
        this.search = search;
        this.json = json;
        this.permits = BulkPermits.of(Target.OPENSEARCH, config, conditions, meters);
        this.slow = config.slowBulk();
        this.longest = config.requestTimeout().multipliedBy(config.searchUrl().size());
        this.query = Map.of("require_alias", "true", "timeout", Math.min(LONGEST_FOR_A_SHARD.toMillis(), config.requestTimeout().toMillis() / 2) + "ms", "filter_path", "errors,items.*.status,items.*.error,items.*._seq_no");
    }

    @Override
    public BulkPermits permits() {
        return permits;
    }

    @Override
    public Answer send(Generation generation, List<Document> documents, Loop loop) throws InterruptedException {
        // The body is made with a permit in hand, so that the permits bound the memory too.
        permits.acquire(generation.aside(), loop);
        loop.waits(longest);
        var trouble = "a request failed here";
        try {
            var answer = exchange(generation, documents);
            trouble = trouble(answer);
            return answer;
        } finally {
            permits.release(generation.aside(), documents.size(), Document.weight(documents), trouble);
        }
    }

    private Answer exchange(Generation generation, List<Document> documents) {
        try {
            var request = new BulkRequest(generation.writeAlias(), query, documents);
            var started = System.nanoTime();
            try (var response = search.raw().execute(request)) {
                return read(response, documents.size(), request.length(), started);
            }
        } catch (IOException e) {
            return SearchClients.status(e) == TOO_LARGE ? TOO_LARGE_ANSWER : new Answer.Unanswered("the search engine does not answer a bulk request (" + search.why(e) + ")");
        }
    }

    /** What says that the engine has more to do than it can; null where nothing does. */
    private String trouble(Answer answer) {
        return switch (answer) {
            case Answer.Answered answered -> answered.verdicts().stream().filter(verdict -> verdict instanceof Verdict.Later(var reason, var busy) && busy).findFirst()
                    .map(verdict -> "it rejected a document: " + ((Verdict.Later) verdict).reason()).orElseGet(() -> BulkPermits.slow(answered, slow));
            case Answer.TooLarge t -> null;
            case Answer.Unanswered(var reason) -> reason;
        };
    }

    /** A shard that takes no write must not be taken for a fault of the documents that go there, nor another one's word for it. */
    @Override
    public List<String> faults(Generation generation, List<Document> documents, Loop loop) throws InterruptedException {
        return Bulk.faults(send(generation, documents.stream().map(Document::nobody).toList(), loop), documents.size());
    }

    private Answer read(Response response, int count, int bytes, long started) throws IOException {
        var body = response.getBody().map(Body::body).orElseGet(InputStream::nullInputStream);
        if (response.getStatus() == TOO_LARGE) {
            return TOO_LARGE_ANSWER;
        }
        if (response.getStatus() / 100 != 2) {
            var text = new String(body.readNBytes(MOST_OF_AN_ERROR), StandardCharsets.UTF_8);
            return new Answer.Unanswered("the search engine answers a bulk request with HTTP " + response.getStatus() + " " + text);
        }
        List<Verdict> verdicts = List.of();
        long lastSeqNo = -1;
        try (var parser = json.createParser(body)) {
            while (parser.nextToken() != null) {
                // Where nothing went wrong, the items need not be made.
                if (parser.currentToken() == JsonToken.VALUE_FALSE && "errors".equals(parser.currentName())) {
                    verdicts = Collections.nCopies(count, Verdict.APPLIED);
                } else if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT && SEQ_NO.equals(parser.currentName())) {
                    lastSeqNo = parser.getLongValue();
                } else if (verdicts.isEmpty() && parser.currentToken() == JsonToken.START_ARRAY && "items".equals(parser.currentName())) {
                    verdicts = new ArrayList<>(count);
                    for (JsonNode item : json.<JsonNode>readTree(parser)) {
                        var answer = item.iterator().next();
                        verdicts.add(Verdict.of(answer));
                        lastSeqNo = answer.path(SEQ_NO).asLong(lastSeqNo);
                    }
                }
            }
        }
        return verdicts.size() == count ? new Answer.Answered(verdicts, lastSeqNo, bytes, System.nanoTime() - started)
                : new Answer.Unanswered("the search engine answered " + verdicts.size() + " of " + Counted.of(count, "document") + " of a bulk request");
    }
}
