package io.millrace.gate.flow;

import io.millrace.gate.Table;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/** The lanes of the captured partitions that this instance owns: makes them, feeds them, commits for them, ends them. */
@ApplicationScoped
public class Lanes {

    static final String CHANNEL = "captured";

    private static final Logger LOG = Logger.getLogger(Lanes.class);
    private static final long SMALLEST_SHARE = 256 * 1024;

    private final Parts parts;
    private final KafkaClientService clients;
    private final Map<TopicPartition, Lane> lanes = new ConcurrentHashMap<>();
    /** What was last committed; only the polling thread touches it. */
    private final Map<TopicPartition, Long> committed = new HashMap<>();
    /** Partitions that are paused because their queue is full; only the polling thread touches it. */
    private final java.util.Set<TopicPartition> full = new java.util.HashSet<>();
    private volatile boolean stopping;
    private volatile String trouble;
    private volatile Thread committer;

    Lanes(Parts parts, KafkaClientService clients) {
        this.parts = parts;
        this.clients = clients;
    }

    /** Begins to follow what is decided about tables. */
    public void start() {
        parts.control.onChange(() -> lanes.values().forEach(Lane::wake));
    }

    /** Lets every lane finish what is in flight, and commits that. */
    public void stop() throws InterruptedException {
        stopping = true;
        end(List.copyOf(lanes.values()));
        if (committer != null) {
            committer.interrupt();
            committer.join();
            consumer().runOnPollingThread(consumer -> {
                commitNow(consumer, lanes.keySet());
            }).await().atMost(Duration.ofSeconds(10));
        }
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

    /** On the polling thread. */
    void assigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        if (committer == null) {
            committer = Thread.ofVirtual().name("committer").start(this::commitForEver);
        }
        int generation = consumer.groupMetadata().generationId();
        long share = Math.max(SMALLEST_SHARE, parts.config.heldBytes() / Math.max(1, consumer.assignment().size()));
        for (var partition : partitions) {
            var lane = new Lane(partition, generation, share, parts);
            lanes.put(partition, lane);
            lane.start();
        }
    }

    /** On the polling thread, before the partitions go to another instance. */
    void revoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        try {
            end(partitions.stream().map(lanes::get).filter(java.util.Objects::nonNull).toList());
            commitNow(consumer, partitions);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            forget(partitions);
        }
    }

    /** On the polling thread, after the partitions went to another instance; nothing may be committed any more. */
    void lost(Collection<TopicPartition> partitions) {
        partitions.stream().map(lanes::get).filter(java.util.Objects::nonNull).forEach(Lane::stop);
        forget(partitions);
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

    /** On the polling thread, for records that will be offered. */
    void fetched(ConsumerRecords<byte[], byte[]> records) {
        for (var partition : records.partitions()) {
            var lane = lanes.get(partition);
            if (lane != null && lane.fetched(records.records(partition)) && full.add(partition)) {
                consumer().unwrap().pause(List.of(partition));
            }
        }
    }

    /** Hands fetched records to their lanes; never blocks. */
    void offer(ConsumerRecords<byte[], byte[]> records, int generation) {
        for (var partition : records.partitions()) {
            var lane = lanes.get(partition);
            if (lane != null) {
                lane.offer(records.records(partition), generation);
            }
        }
    }

    private void commitForEver() {
        try {
            while (!stopping) {
                Thread.sleep(parts.config.commitInterval());
                run(consumer -> {
                    commitLater(consumer);
                    resume(consumer);
                    measure(consumer);
                });
            }
        } catch (InterruptedException e) {
            LOG.debug("The committer ends");
        }
    }

    private void commitLater(Consumer<?, ?> consumer) {
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

    private void resume(Consumer<?, ?> consumer) {
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

    private void measure(Consumer<?, ?> consumer) {
        var lags = new HashMap<Table, Long>();
        lanes.forEach((partition, lane) -> {
            if (consumer.assignment().contains(partition)) {
                long unfetched = consumer.currentLag(partition).orElse(0);
                long unfinished = lane.finished() < 0 || unfetched == 0 && lane.isIdle() ? 0 : Math.max(0, position(consumer, partition) - lane.finished());
                lags.merge(lane.table(), unfetched + unfinished, Long::sum);
            }
        });
        lags.forEach((table, lag) -> parts.meters(table).lag(lag));
    }

    private static long position(Consumer<?, ?> consumer, TopicPartition partition) {
        try {
            return consumer.position(partition, Duration.ZERO);
        } catch (KafkaException e) {
            return 0;
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return clients.getConsumer(CHANNEL);
    }

    private void run(java.util.function.Consumer<Consumer<byte[], byte[]>> action) {
        consumer().runOnPollingThread(action).subscribe().with(done -> { }, failure -> LOG.warnf("Work on the polling thread failed: %s", failure.getMessage()));
    }
}
