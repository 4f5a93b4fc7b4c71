package io.millrace.gate.flow;

import io.millrace.gate.GateConfig;
import io.millrace.gate.KafkaClients;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
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
    /** While a partition is paused its room has to be noticed soon. */
    private static final Duration POLL_WHILE_FULL = Duration.ofMillis(2);

    private final KafkaClients kafka;
    private final GateConfig config;
    private final Lanes lanes;
    private final Pattern topics;
    private volatile KafkaConsumer<byte[], byte[]> consumer;
    private volatile boolean stopping;
    private volatile String trouble;
    private Thread thread;

    Intake(KafkaClients kafka, GateConfig config, Lanes lanes) {
        this.kafka = kafka;
        this.config = config;
        this.lanes = lanes;
        this.topics = Pattern.compile("captured\\.(?:" + config.sources() + ")\\..+");
    }

    /** Begins to read, unless this process only serves calls; comes back at once. */
    public void start() {
        if (!config.consume()) {
            return;
        }
        thread = Thread.ofPlatform().name("intake").start(this::readForEver);
    }

    /** Lets every lane finish what is in flight, commits that, and leaves the group. */
    public void stop() throws InterruptedException {
        stopping = true;
        var reading = consumer;
        if (reading != null) {
            reading.wakeup();
        }
        if (thread != null) {
            thread.join();
        }
    }

    /** Why nothing is read at the moment, null where it is. */
    public String trouble() {
        return trouble;
    }

    /** Whether the thread has ended though nobody stopped it. */
    public boolean isBroken() {
        return thread != null && !thread.isAlive() && !stopping;
    }

    private void readForEver() {
        var pause = new Pause();
        while (!stopping) {
            try (var opened = kafka.captured()) {
                consumer = opened;
                opened.subscribe(topics, new Assignment(opened));
                read(opened);
                lanes.end(opened);
            } catch (WakeupException e) {
                LOG.debug("The intake is woken up to end");
            } catch (InterruptException | InterruptedException e) {
                return;
            } catch (KafkaException e) {
                lanes.lost(lanes.partitions());
                trouble = "reading captured topics failed: " + e.getMessage() + "; trying again";
                LOG.warn(trouble);
                rest(pause);
            }
        }
    }

    private void read(KafkaConsumer<byte[], byte[]> opened) throws InterruptedException {
        long committed = System.nanoTime();
        while (!stopping) {
            lanes.settle(opened);
            lanes.resume(opened);
            poll(opened);
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
            lanes.offer(opened, opened.poll(lanes.isFull() ? POLL_WHILE_FULL : POLL));
        } catch (OffsetOutOfRangeException e) {
            lanes.outOfRange(opened, e);
        }
    }

    private void rest(Pause pause) {
        try {
            pause.rest();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stopping = true;
        }
    }

    /** Called within polls and when the consumer is closed, on the intake's thread. */
    private final class Assignment implements ConsumerRebalanceListener {

        private final KafkaConsumer<byte[], byte[]> of;

        Assignment(KafkaConsumer<byte[], byte[]> of) {
            this.of = of;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            lanes.assigned(of, partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            lanes.revoked(of, partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            lanes.lost(partitions);
        }
    }
}
