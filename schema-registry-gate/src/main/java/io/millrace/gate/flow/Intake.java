package io.millrace.gate.flow;

import io.millrace.gate.GateConfig;
import io.millrace.gate.KafkaClients;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.retry.Complaint;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;

/**
 * Where captured records come in: one thread that reads, hands to the lanes what it has read, and commits what they have
 * finished. Nothing else touches the consumer.
 */
@ApplicationScoped
public class Intake {

    private static final Logger LOG = Logger.getLogger(Intake.class);
    private static final Duration POLL = Duration.ofMillis(50);
    /** While the lanes have nothing to do; a record ends the wait. */
    private static final Duration POLL_AT_REST = Duration.ofSeconds(1);
    /** While a partition is paused its room has to be noticed soon. */
    private static final Duration POLL_WHILE_FULL = Duration.ofMillis(2);

    /** After the lanes have ended: committing what they finished, and leaving the group. */
    private static final Duration LEAVING = Duration.ofSeconds(20);

    private final KafkaClients kafka;
    private final GateConfig config;
    private final Lanes lanes;
    private final Pulse pulse;
    private final Pattern topics;
    private volatile KafkaConsumer<byte[], byte[]> consumer;
    private volatile boolean stopping;
    private volatile String trouble;
    private final LoopThread thread;

    Intake(KafkaClients kafka, GateConfig config, Lanes lanes, Pulse pulse, Loops loops) {
        this.kafka = kafka;
        this.config = config;
        this.lanes = lanes;
        this.pulse = pulse;
        this.thread = loops.thread("intake", Thread.ofPlatform(), config.silence(), this::readForEver);
        this.topics = Pattern.compile("captured\\.(?:" + config.sources() + ")\\..+");
    }

    /** Begins to read, unless this process only serves calls; comes back at once. */
    public void start() {
        if (!config.consume()) {
            return;
        }
        thread.start();
    }

    /** Lets every lane finish what is in flight, commits that, and leaves the group. */
    public void stop() throws InterruptedException {
        stopping = true;
        thread.release();
        var reading = consumer;
        if (reading != null) {
            reading.wakeup();
        }
        if (config.consume()) {
            thread.join(config.drainTimeout().plus(LEAVING));
        }
    }

    /** Why nothing is read at the moment, null where it is. */
    public String trouble() {
        return trouble;
    }

    private void readForEver(Loop loop) {
        var backoff = new Backoff(Lane.FIRST_PAUSE, Lane.LONGEST_PAUSE);
        // A consumer that may not read polls in vain before it is told so: that a poll succeeds does not end a complaint.
        var complaint = new Complaint();
        while (!stopping) {
            loop.beat();
            // A member that joins anew owns what it is given from here on.
            pulse.confirm(pulse.stops());
            try (var opened = kafka.captured()) {
                consumer = opened;
                opened.subscribe(topics, new Assignment(opened, loop));
                read(opened, loop, backoff);
                loop.waits(config.drainTimeout().plus(LEAVING));
                lanes.end(opened);
            } catch (WakeupException e) {
                LOG.debug("The intake is woken up to end");
            } catch (InterruptException | InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                lanes.lost(lanes.partitions());
                trouble = "reading captured topics failed: " + (e instanceof KafkaException ? kafka.why(e, AclOperation.READ) : e.toString()) + "; trying again";
                if (complaint.isNews(trouble)) {
                    LOG.warn(trouble, e instanceof KafkaException ? null : e);
                }
                rest(backoff);
            }
        }
    }

    private void read(KafkaConsumer<byte[], byte[]> opened, Loop loop, Backoff backoff) throws InterruptedException {
        long committed = System.nanoTime();
        while (!stopping) {
            loop.beat();
            if (pulse.isInDoubt()) {
                int stops = pulse.stops();
                lanes.confirm(opened);
                pulse.confirm(stops);
            }
            lanes.settle(opened);
            lanes.resume(opened);
            poll(opened);
            backoff.reset();
            trouble = null;
            if (System.nanoTime() - committed >= config.commitInterval().toNanos()) {
                lanes.commit(opened);
                lanes.measure(opened);
                committed = System.nanoTime();
            }
        }
    }

    private void poll(KafkaConsumer<byte[], byte[]> opened) throws InterruptedException {
        try {
            lanes.offer(opened, opened.poll(lanes.isFull() ? POLL_WHILE_FULL : lanes.isAtRest(opened) ? POLL_AT_REST : POLL));
        } catch (OffsetOutOfRangeException e) {
            lanes.outOfRange(opened, e);
        }
    }

    private void rest(Backoff backoff) {
        try {
            backoff.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stopping = true;
        }
    }

    /** Called within polls and when the consumer is closed, on the intake's thread. */
    private final class Assignment implements ConsumerRebalanceListener {

        private final KafkaConsumer<byte[], byte[]> of;
        private final Loop loop;

        Assignment(KafkaConsumer<byte[], byte[]> of, Loop loop) {
            this.of = of;
            this.loop = loop;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            lanes.assigned(of, partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            loop.waits(config.drainTimeout().plus(LEAVING));
            lanes.revoked(of, partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            lanes.lost(partitions);
        }
    }
}
