package io.millrace.purge.outcome;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.purge.PurgeConfig;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;

/** Follows the pipelines' documents for their deletes. */
@ApplicationScoped
public class Documents {

    private static final Logger LOG = Logger.getLogger(Documents.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
    /** To a connection, and to two answers of the database. */
    private static final Duration LONGEST_WRITE = Duration.ofSeconds(30);

    private final Outcomes outcomes;
    private final Counter retries;
    private final PurgeConfig config;
    private final Loops loops;
    private final CountDownLatch stopped = new CountDownLatch(1);

    Documents(Outcomes outcomes, MeterRegistry meters, PurgeConfig config, Loops loops) {
        this.outcomes = outcomes;
        this.config = config;
        this.loops = loops;
        this.retries = meters.counter("millrace.retries", "stage", "purge");
    }

    /** Returns, and has the offsets committed, once the batch is written down; waits for the database as long as it takes. */
    @Incoming("documents")
    @Blocking
    public void take(ConsumerRecords<String, Boolean> records) throws InterruptedException {
        var loop = loops.begin("writing of outcomes", config.stuckAfter(), Thread.currentThread());
        try {
            take(records, loop);
        } catch (InterruptedException | RuntimeException | Error e) {
            // The channel takes nothing any more.
            loop.ended(e);
            throw e;
        }
        loop.close();
    }

    private void take(ConsumerRecords<String, Boolean> records, Loop loop) throws InterruptedException {
        var deletes = StreamSupport.stream(records.spliterator(), false).map(Tombstone::of).filter(Objects::nonNull).toList();
        if (deletes.isEmpty()) {
            return;
        }
        var backoff = new Backoff(FIRST_WAIT, LONGEST_WAIT);
        while (true) {
            loop.waits(LONGEST_WRITE);
            try {
                outcomes.write(deletes);
                return;
            } catch (SQLException e) {
                retries.increment();
                LOG.warnf("Writing down what %d deletes carried out failed, trying again: %s", deletes.size(), e.getMessage());
            }
            if (stopped.await(backoff.next().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("The service stops while the source database is away; the deletes of this batch are read again at the next start");
            }
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopped.countDown();
    }
}
