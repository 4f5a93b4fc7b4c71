package io.millrace.indexer.measure;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.SearchClients;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.measure.BulkTimes.Bulk;
import io.millrace.indexer.place.Targets;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.record.Headers;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Requests;

/**
 * Measures when searches find what was written, which only a search can tell: a refresh is due by its interval, and done when it gets a core.
 *
 * <p>Every {@code search-probe-interval} one request asks, for each pipeline, for the document that was applied last of each batch that no search has found yet.
 * With it the whole batch is found, and everything that was answered before the batch was sent: exactly so in an index of one shard without replicas, and up to one refresh
 * later in others, whose copies refresh each for itself. A batch that ends with a delete is not asked for, because a document that is not found may never have been
 * visible; it is found with a later one. While nothing is written, nothing is asked, and nothing of a target that shows at once what it has answered. {@link #written} is for any thread.
 */
@Singleton
public final class SearchProbe {

    private static final Logger LOG = Logger.getLogger(SearchProbe.class);
    private static final int MOST = 128;
    /** Between two signs of life while nothing is written. */
    private static final Duration REST = Duration.ofSeconds(10);
    private static final String SEQ_NO = "_seq_no";
    /** A document that another instance deleted meanwhile is never found. */
    private static final long GIVE_UP_MICROS = Duration.ofMinutes(1).toNanos() / 1_000;
    private static final Map<String, String> QUERY = Map.of("filter_path", "responses.status,responses.error.reason,responses.hits.hits._id,responses.hits.hits." + SEQ_NO);

    private final Targets targets;
    private final SearchClients search;
    private final ObjectMapper json;
    private final PipelineMeters meters;
    private final BulkTimes bulks;
    private final Duration interval;
    private final Map<String, Sought> sought = new ConcurrentHashMap<>();
    private final Duration requestTimeout;
    private final LoopThread thread;
    /** Has a permit once something was written. */
    private final Semaphore written = new Semaphore(0);
    private volatile boolean stopping;

    SearchProbe(Targets targets, SearchClients search, ObjectMapper json, PipelineMeters meters, BulkTimes bulks, IndexerConfig config, Loops loops) {
        this.targets = targets;
        this.search = search;
        this.json = json;
        this.meters = meters;
        this.bulks = bulks;
        this.interval = config.searchProbeInterval();
        this.requestTimeout = config.requestTimeout();
        this.thread = loops.thread("search probe", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    /** The document of a batch that was applied last, without its bytes. */
    private record Last(Generation generation, TopicPartition partition, Bulk bulk, String id, long seqNo, long committedMicros) {}

    /** What one pipeline waits for; the oldest first. */
    private static final class Sought {
        final Meters meters;
        /** Guarded by itself; the batches in it are taken out by the probe's thread alone. */
        final ArrayDeque<Last> waiting = new ArrayDeque<>();
        boolean failing;

        Sought(Meters meters) {
            this.meters = meters;
        }

        void add(Last last) {
            synchronized (waiting) {
                if (waiting.size() == MOST) {
                    waiting.pollLast();
                }
                waiting.add(last);
            }
        }

        boolean isEmpty() {
            synchronized (waiting) {
                return waiting.isEmpty();
            }
        }

        List<Last> waiting() {
            synchronized (waiting) {
                return List.copyOf(waiting);
            }
        }

        void remove(Predicate<Last> which) {
            synchronized (waiting) {
                waiting.removeIf(which);
            }
        }
    }

    /** One pipeline's part of a request. */
    private record Question(Sought of, List<Last> waiting) {

        String index() {
            return waiting.getLast().generation().index();
        }
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    @PreDestroy
    void stop() {
        stopping = true;
        thread.interrupt();
    }

    /**
     * A batch was answered.
     *
     * @param last the record of it that the search engine applied last
     * @param seqNo the index's sequence number of that
     */
    public void written(Pipeline pipeline, Generation generation, Bulk bulk, ConsumerRecord<byte[], byte[]> last, long seqNo) {
        if (targets.of(pipeline).showsAtOnce()) {
            meters.of(pipeline).found(Meters.committed(last.headers()), bulk.answeredMicros(), bulk.answeredMicros());
            bulks.found(new TopicPartition(last.topic(), last.partition()), bulk, bulk.answeredMicros());
            return;
        }
        sought.computeIfAbsent(pipeline.name(), p -> new Sought(meters.of(pipeline))).add(new Last(generation, new TopicPartition(last.topic(), last.partition()), bulk,
                new String(last.key(), StandardCharsets.UTF_8), seqNo, Meters.committed(last.headers())));
        written.release();
    }

    private void live(Loop loop) throws InterruptedException {
        long began = System.nanoTime();
        long beat = Math.max(1, interval.toNanos());
        while (!stopping) {
            if (sought.values().stream().allMatch(Sought::isEmpty)) {
                loop.waits(REST);
                written.tryAcquire(REST.toMillis(), TimeUnit.MILLISECONDS);
            }
            written.drainPermits();
            loop.waits(interval);
            // At the same beat as if it had not rested: a look that followed each write by the whole interval would find it later than others.
            Thread.sleep(Duration.ofNanos(beat - (System.nanoTime() - began) % beat));
            var asked = sought.values().stream().map(s -> new Question(s, s.waiting())).filter(q -> !q.waiting().isEmpty()).toList();
            if (!asked.isEmpty()) {
                loop.waits(requestTimeout);
                ask(asked);
            }
        }
    }

    private void ask(List<Question> asked) {
        try (var response = search.raw().execute(Requests.builder().method("POST").endpoint("/_msearch").query(QUERY)
                .body(Body.from(body(asked), "application/x-ndjson")).build())) {
            var answers = json.readTree(response.getBody().map(Body::bodyAsString).orElse("")).path("responses");
            long now = Headers.nowMicros();
            for (int i = 0; i < asked.size(); i++) {
                answered(asked.get(i), answers.path(i), response.getStatus(), now);
            }
        } catch (IOException | RuntimeException e) {
            // Whatever the client throws, this thread must not end unnoticed.
            if (!stopping) {
                asked.forEach(one -> failed(one, e.toString()));
            }
        }
    }

    private byte[] body(List<Question> asked) throws IOException {
        var body = new ByteArrayOutputStream();
        for (var one : asked) {
            var ids = one.waiting().stream().map(Last::id).toList();
            body.write(json.writeValueAsBytes(Map.of("index", one.index())));
            body.write('\n');
            body.write(json.writeValueAsBytes(Map.of("size", ids.size(), "_source", false, "seq_no_primary_term", true, "track_total_hits", false,
                    "query", Map.of("ids", Map.of("values", ids)))));
            body.write('\n');
        }
        return body.toByteArray();
    }

    private void answered(Question asked, JsonNode answer, int ofAll, long now) {
        int status = answer.path("status").asInt(ofAll);
        if (answer.isMissingNode() || status / 100 != 2) {
            failed(asked, "HTTP " + status + " " + answer.path("error").path("reason").asText());
            asked.of().remove(asked.waiting()::contains);
            return;
        }
        asked.of().failing = false;
        var seen = new HashMap<String, Long>();
        answer.path("hits").path("hits").forEach(hit -> seen.put(hit.path("_id").asText(), hit.path(SEQ_NO).asLong()));
        var found = asked.waiting().stream().filter(last -> seen.getOrDefault(last.id(), -1L) >= last.seqNo()).toList();
        for (var last : found) {
            asked.of().meters.found(last.committedMicros(), last.bulk().answeredMicros(), now);
            bulks.found(last.partition(), last.bulk(), now);
        }
        asked.of().remove(last -> bulks.isFound(last.partition(), last.bulk()) || now - last.bulk().answeredMicros() > GIVE_UP_MICROS);
    }

    /** Said once, until it works again: the writers say it too when the search engine is away. */
    private static void failed(Question asked, String reason) {
        if (!asked.of().failing) {
            asked.of().failing = true;
            LOG.warnf("When searches find what was written to %s is not measured now: _msearch failed (%s); where it is a right that is missing, grant indices:data/read/msearch and indices:data/read/search",
                    asked.index(), reason);
        }
    }
}
