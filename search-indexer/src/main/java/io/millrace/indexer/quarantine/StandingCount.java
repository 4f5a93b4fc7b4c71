package io.millrace.indexer.quarantine;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.progress.Offsets.Span;
import io.millrace.pipeline.topic.Topics;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * Counts which documents of each pipeline stand in quarantine now, for the metric {@code millrace_refused_documents}. It reads on in their topics: while nothing is refused or decided, Kafka is asked for nothing but their ends.
 */
@Singleton
final class StandingCount {

    private static final Logger LOG = Logger.getLogger(StandingCount.class);
    private static final Duration ASKING = Duration.ofSeconds(15);

    private final ParkedDocuments documents;
    private final Offsets offsets;
    private final Duration every;
    private final LoopThread thread;
    /** By topic; for the thread, but for their counts. */
    private final Map<String, Book> books = new LinkedHashMap<>();

    StandingCount(Pipelines pipelines, ParkedDocuments documents, KafkaWatch kafka, MeterRegistry registry, IndexerConfig config, Loops loops) {
        this.documents = documents;
        this.offsets = kafka.offsets();
        this.every = config.markInterval();
        this.thread = loops.thread("count of parked documents", Thread.ofVirtual(), config.stuckAfter(), this::live);
        for (var pipeline : pipelines.all()) {
            var book = new Book();
            books.put(Topics.quarantineDocuments(pipeline.name()), book);
            Gauge.builder("millrace.refused.documents", book, b -> b.count).strongReference(true).description("Documents that stand in quarantine now, those that the join set aside among them; 10,000 for as many and more")
                    .tags("stage", "index", "pipeline", pipeline.name()).register(registry);
        }
    }

    /** What stands in one topic, as far as it was read. */
    private static final class Book {

        private Shelf shelf = empty();
        private final Map<TopicPartition, Long> next = new HashMap<>();
        private String topicId;
        private volatile double count = Double.NaN;

        private static Shelf empty() {
            return new Shelf(ParkedDocuments.MOST, Set.of());
        }

        /** @param id of the topic, by Kafka; null where there is none: one that was made anew is read from its start */
        void of(String id) {
            if (!Objects.equals(id, topicId)) {
                forget();
                topicId = id;
            }
        }

        private void forget() {
            shelf = empty();
            next.clear();
        }

        void readOn(Map<TopicPartition, Span> spans, ParkedDocuments documents, Loop loop) {
            if (isOfNoUse(spans)) {
                forget();
            }
            for (var span : spans.entrySet()) {
                loop.waits(ParkedDocuments.LONGEST.multipliedBy(2));
                readOn(span.getKey(), span.getValue(), documents);
            }
            count = spans.isEmpty() ? Double.NaN : shelf.size();
        }

        private void readOn(TopicPartition partition, Span span, ParkedDocuments documents) {
            shelf.forget(partition.partition(), span.start());
            long from = next.getOrDefault(partition, 0L);
            if (from < span.end()) {
                // What was read before a reading took too long need not be read again.
                long end = documents.readOn(partition, from, record -> {
                    shelf.take(record);
                    next.put(partition, record.offset() + 1);
                });
                next.put(partition, end);
            }
        }

        /** The topic came back from an older copy, or there is room by now for what was too much to be remembered. */
        private boolean isOfNoUse(Map<TopicPartition, Span> spans) {
            return spans.entrySet().stream().anyMatch(s -> s.getValue().end() < next.getOrDefault(s.getKey(), 0L)) || shelf.isMore() && shelf.size() < ParkedDocuments.MOST / 2;
        }
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
    }

    private void live(Loop loop) throws InterruptedException {
        while (true) {
            loop.waits(ASKING);
            look(loop);
            loop.waits(every);
            Thread.sleep(every);
        }
    }

    /** What cannot be read now is read later; until then what was counted last is told. */
    private void look(Loop loop) throws InterruptedException {
        Map<TopicPartition, Span> spans;
        Map<String, String> ids;
        try {
            ids = offsets.ids(books.keySet());
            spans = offsets.spans(offsets.partitions(books.keySet()));
        } catch (KafkaException e) {
            LOG.debugf("How many documents stand in quarantine is not counted now: %s", e.getMessage());
            return;
        }
        var byTopic = spans.entrySet().stream().collect(Collectors.groupingBy(s -> s.getKey().topic(), Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
        for (var one : books.entrySet()) {
            try {
                one.getValue().of(ids.get(one.getKey()));
                one.getValue().readOn(byTopic.getOrDefault(one.getKey(), Map.of()), documents, loop);
            } catch (KafkaException e) {
                LOG.debugf("How many documents stand in %s is not counted now: %s", one.getKey(), e.getMessage());
            }
        }
    }
}
