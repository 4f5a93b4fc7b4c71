package io.millrace.gate.flow;

import io.millrace.gate.Table;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * The lanes of the captured partitions that this instance owns: makes them, feeds them, commits for them, ends them. What
 * takes a consumer is called by the intake's thread alone.
 */
@ApplicationScoped
public class Lanes {

    private static final Logger LOG = Logger.getLogger(Lanes.class);
    private static final long SMALLEST_SHARE = 256 * 1024;

    private final Parts parts;
    private final Map<TopicPartition, Lane> lanes = new ConcurrentHashMap<>();
    /** What was last committed; only the intake's thread touches it. */
    private final Map<TopicPartition, Long> committed = new HashMap<>();
    /** Partitions that are paused because their lane has enough; only the intake's thread touches it. */
    private final Set<TopicPartition> full = new HashSet<>();
    private volatile String trouble;

    Lanes(Parts parts) {
        this.parts = parts;
    }

    /** Begins to follow what is decided about tables. */
    public void start() {
        parts.control.onChange(() -> lanes.values().forEach(Lane::wake));
    }

    /** What holds single lanes up, by partition. */
    public Map<String, String> troubles() {
        var troubles = new TreeMap<String, String>();
        if (trouble != null) {
            troubles.put("commit", trouble);
        }
        lanes.forEach((partition, lane) -> {
            var held = lane.trouble();
            if (held != null) {
                troubles.put(partition.toString(), held);
            }
        });
        return troubles;
    }

    /** Whether a lane ended by an error that only a restart mends. */
    public boolean isBroken() {
        return lanes.values().stream().anyMatch(Lane::isDead);
    }

    public int count() {
        return lanes.size();
    }

    Set<TopicPartition> partitions() {
        return Set.copyOf(lanes.keySet());
    }

    void assigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        long share = Math.max(SMALLEST_SHARE, parts.config.heldBytes() / Math.max(1, consumer.assignment().size()));
        for (var partition : partitions) {
            var lane = new Lane(partition, share, parts);
            lanes.put(partition, lane);
            lane.start();
        }
    }

    /** Before the partitions go to another instance. */
    void revoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        try {
            end(partitions.stream().map(lanes::get).filter(Objects::nonNull).toList());
            commitNow(consumer, partitions);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            forget(partitions);
        }
    }

    /** After the partitions went to another instance; nothing may be committed any more. */
    void lost(Collection<TopicPartition> partitions) {
        partitions.stream().map(lanes::get).filter(Objects::nonNull).forEach(Lane::stop);
        forget(partitions);
    }

    /** Lets every lane finish what is in flight, and commits that. */
    void end(Consumer<?, ?> consumer) throws InterruptedException {
        var ending = partitions();
        end(List.copyOf(lanes.values()));
        commitNow(consumer, ending);
        forget(ending);
    }

    private void forget(Collection<TopicPartition> partitions) {
        lanes.keySet().removeAll(partitions);
        committed.keySet().removeAll(partitions);
        full.removeAll(partitions);
    }

    private void end(Collection<Lane> ending) throws InterruptedException {
        ending.forEach(Lane::stop);
        long until = System.nanoTime() + parts.config.drainTimeout().toNanos();
        for (var lane : ending) {
            lane.awaitEnd(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        }
    }

    /** Hands records to their lanes, and pauses the partitions of those that have enough then; never blocks. */
    void offer(Consumer<byte[], byte[]> consumer, ConsumerRecords<byte[], byte[]> records) {
        for (var partition : records.partitions()) {
            var lane = lanes.get(partition);
            if (lane != null && lane.offer(records.records(partition)) && full.add(partition)) {
                consumer.pause(List.of(partition));
            }
        }
    }

    /** Whether a partition is paused. */
    boolean isFull() {
        return !full.isEmpty();
    }

    void commit(Consumer<?, ?> consumer) {
        var offsets = unfinished(consumer, lanes.keySet());
        if (offsets.isEmpty()) {
            return;
        }
        consumer.commitAsync(offsets, (done, failure) -> {
            if (failure == null) {
                done.forEach((partition, offset) -> committed.put(partition, offset.offset()));
                trouble = null;
            } else {
                trouble = "committing failed: " + failure.getMessage() + "; it is tried again";
            }
        });
    }

    private void commitNow(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        var offsets = unfinished(consumer, partitions);
        if (!offsets.isEmpty()) {
            try {
                consumer.commitSync(offsets, Duration.ofSeconds(5));
            } catch (KafkaException e) {
                LOG.warnf("The last offsets of %s could not be committed: %s. Their last records are repeated, in order.", offsets.keySet(), e.getMessage());
            }
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> unfinished(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        var assigned = consumer.assignment();
        for (var partition : partitions) {
            var lane = lanes.get(partition);
            if (lane != null && assigned.contains(partition) && lane.finished() >= 0 && lane.finished() > committed.getOrDefault(partition, -1L)) {
                offsets.put(partition, new OffsetAndMetadata(lane.finished()));
            }
        }
        return offsets;
    }

    /** Lets partitions be read again whose lanes have room. */
    void resume(Consumer<?, ?> consumer) {
        full.removeIf(partition -> {
            var lane = lanes.get(partition);
            if (lane != null && !lane.hasRoom()) {
                return false;
            }
            if (consumer.assignment().contains(partition)) {
                consumer.resume(List.of(partition));
            }
            return true;
        });
    }

    void measure(Consumer<?, ?> consumer) {
        var lags = new HashMap<Table, Long>();
        var oldest = new HashMap<Table, Long>();
        lanes.forEach((partition, lane) -> {
            if (consumer.assignment().contains(partition)) {
                long unfetched = consumer.currentLag(partition).orElse(0);
                long unfinished = lane.finished() < 0 || unfetched == 0 && lane.isIdle() ? 0 : Math.max(0, position(consumer, partition) - lane.finished());
                lags.merge(lane.table(), unfetched + unfinished, Long::sum);
                oldest.merge(lane.table(), lane.oldestMicros(), Lanes::earlier);
            }
        });
        parts.measured(lags, oldest);
    }

    /** Of two times, where 0 is none. */
    private static long earlier(long one, long other) {
        return one == 0 || other != 0 && other < one ? other : one;
    }

    private static long position(Consumer<?, ?> consumer, TopicPartition partition) {
        try {
            return consumer.position(partition, Duration.ZERO);
        } catch (KafkaException e) {
            return 0;
        }
    }
}
