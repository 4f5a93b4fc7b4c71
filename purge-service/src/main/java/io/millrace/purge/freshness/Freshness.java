package io.millrace.purge.freshness;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Tail;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.search.SearchEngine;
import io.millrace.purge.source.Pipelines;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;

/** Answers whether an index has reached a position. All who wait for one pipeline share one walk at a time. Thread-safe. */
@ApplicationScoped
public class Freshness {

    /** So long what was seen may still be told: an index may be deleted in the meantime. */
    private static final Duration STILL_TRUE = Duration.ofMillis(500);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(25);

    private final KafkaWatch kafka;
    private final Tail reached;
    private final Parked parked;
    private final Incomplete incomplete;
    private final Map<String, Shared> pipelines;

    Freshness(PurgeConfig config, Pipelines all, KafkaWatch kafka, Log log, SearchEngine search, ShownTables shown, ObjectMapper json) {
        this.kafka = kafka;
        this.parked = new Parked(kafka, json);
        this.incomplete = new Incomplete(all.all().getFirst().source().name(), kafka, json);
        this.reached = kafka.tail(Topics.reached(all.all().getFirst().source().name()));
        this.pipelines = all.all().stream()
                .collect(Collectors.toMap(Pipeline::name, p -> new Shared(new Way(p, config.freshness(), kafka, log, search, shown, reached, parked, incomplete)), (a, b) -> a));
    }

    /** One walk, and what the last one that came to its end has shown. */
    private static final class Shared {
        final ReentrantLock lock = new ReentrantLock();
        /** Guarded by lock. */
        final Way way;
        /** Everything up to this LSN was searchable at {@link #doneAt}; guarded by lock. */
        long done;
        long doneAt = System.nanoTime() - STILL_TRUE.toNanos();

        Shared(Way way) {
            this.way = way;
        }

        /** @return what it waits for, null where the position is reached */
        Waiting look(long lsn) throws InterruptedException {
            lock.lockInterruptibly();
            try {
                if (isDone(lsn)) {
                    return null;
                }
                var waits = way.advance(lsn);
                if (waits != null) {
                    return new Waiting(way.stage(), waits);
                }
                done = way.through();
                doneAt = System.nanoTime();
                way.begin();
                return isDone(lsn) ? null : new Waiting("capture", "the changes before are searchable; those up to the position asked for come next");
            } catch (SQLException e) {
                return new Waiting("capture", "the source database does not answer: " + e.getMessage());
            } catch (KafkaException e) {
                return new Waiting(way.stage(), "Kafka does not answer: " + e.getMessage());
            } catch (IOException e) {
                return new Waiting(way.stage(), way.place() + " does not answer: " + e.getMessage());
            } finally {
                lock.unlock();
            }
        }

        private boolean isDone(long lsn) {
            return Long.compareUnsigned(done, lsn) >= 0 && System.nanoTime() - doneAt < STILL_TRUE.toNanos();
        }
    }

    private record Waiting(String stage, String reason) {}

    /**
     * Looks until the position is reached or the time is up, at least once.
     *
     * @param generations any of them may have the alias, and so answer for the name that was asked for
     */
    public Answer ask(String pipeline, List<String> generations, long lsn, Duration wait) throws InterruptedException {
        long began = System.nanoTime();
        var waiting = look(generations, lsn);
        while (waiting != null && System.nanoTime() - began < wait.toNanos()) {
            Thread.sleep(LOOK_AGAIN);
            waiting = look(generations, lsn);
        }
        return new Answer(pipeline, Position.lsnText(lsn), waiting == null, waiting == null ? null : waiting.stage, waiting == null ? null : waiting.reason, oldRows(generations),
                setAside(generations), Duration.ofNanos(System.nanoTime() - began).toMillis());
    }

    /** @return what the last of them waits for, null where one has reached the position */
    private Waiting look(List<String> generations, long lsn) throws InterruptedException {
        Waiting waiting = null;
        for (var generation : generations) {
            waiting = pipelines.get(generation).look(lsn);
            if (waiting == null) {
                return null;
            }
        }
        return waiting;
    }

    /** Of all generations: any of them may answer for the name that was asked for. */
    private List<String> oldRows(List<String> generations) {
        return generations.stream().flatMap(g -> pipelines.get(g).way.oldRows().stream()).distinct().toList();
    }

    private long setAside(List<String> generations) throws InterruptedException {
        try {
            return kafka.offsets().standing(generations.stream().map(Topics::quarantineDocuments).toList()).values().stream().mapToLong(Long::longValue).sum();
        } catch (KafkaException e) {
            return -1;
        }
    }

    @PreDestroy
    void close() {
        reached.close();
        parked.close();
        incomplete.close();
        pipelines.values().forEach(s -> s.way.close());
    }
}
