package io.millrace.gate.flow;

import io.millrace.gate.Table;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Gap;
import io.millrace.pipeline.log.OffsetGuard;
import io.millrace.pipeline.log.Start;
import io.millrace.pipeline.topic.Topics;
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
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * The lanes of the captured partitions that this instance owns: makes them, feeds them, commits for them, ends them. A partition
 * has a lane only while its offset can be trusted. What takes a consumer is called by the intake's thread alone.
 */
@ApplicationScoped
public class Lanes {

    private static final Logger LOG = Logger.getLogger(Lanes.class);
    private static final long SMALLEST_SHARE = 256 * 1024;
    /** All lanes together, after an interrupt. */
    private static final Duration INTERRUPTED = Duration.ofSeconds(1);

    private static final Duration ASKING = Duration.ofSeconds(10);

    private final Parts parts;
    private final Loops loops;
    /** By partition, what its lane was begun with, or that it is held; only the intake's thread touches it. */
    private final Map<TopicPartition, Start> begun = new HashMap<>();
    private final Map<TopicPartition, Lane> lanes = new ConcurrentHashMap<>();
    /** What was last committed; only the intake's thread touches it. */
    private final Map<TopicPartition, Long> committed = new HashMap<>();
    /** Partitions that are paused because their lane has enough; only the intake's thread touches it. */
    private final Set<TopicPartition> full = new HashSet<>();
    private volatile String trouble;
    Lanes(Parts parts, Loops loops) {
        this.parts = parts;
        this.loops = loops;
    }

    /** Begins to follow what is decided about tables, and to hold the group's offsets against the captured logs. */
    public void start() {
        if (parts.config.consume()) {
            parts.guard(parts.kafka.guard(new Watched(), loops));
        }
        parts.control.onChange(() -> lanes.values().forEach(Lane::wake));
    }

    /** After the intake has ended. */
    public void stop() {
        var guard = parts.guard();
        if (guard != null) {
            guard.close();
        }
    }

    /** What the gate says of captured topics, and of what it has parked. */
    private static final class Watched implements OffsetGuard.Stage {

        @Override
        public String advice(TopicPartition partition, Gap gap) {
            if (partition.topic().startsWith(Topics.QUARANTINE)) {
                return lost(partition.topic());
            }
            var table = Table.ofCaptured(partition.topic());
            return "Changes of the table " + table + " may be missing from " + table.rows() + " and all that comes of it. Its later records wait in " + partition.topic() + ", which keeps them for its retention; other tables flow on."
                    + (gap instanceof Gap.Gone ? " Make the topic again with the provisioner's apply." : "") + " " + anew(partition.topic()) + ", then have this topic read from its start: ./millrace recover " + partition.topic();
        }

        /** Requests are in no table that could be read for them; who asked is told of each whether it was carried out. */
        private static String anew(String topic) {
            return Topics.table(topic).equals(Topics.OUTBOX) ? "Look which requests were not carried out, and ask for these again (./millrace erasures)"
                    : "Have capture read the table anew (./millrace resnapshot " + Topics.source(topic) + " " + Topics.table(topic) + ")";
        }

        private static String lost(String quarantine) {
            var table = Table.ofQuarantine(quarantine);
            return "Parked changes of the table " + table + " are gone before they were replayed, and nothing that is parked of it is replayed until a person decides; other tables flow on. " + anew(quarantine) + ", then give up what is gone: ./millrace recover "
                    + quarantine + ", after which what stands there is replayed";
        }

        /** A topic is forgotten when it is destroyed. One without parked records is nobody's loss. */
        @Override
        public boolean reads(String topic) {
            return topic.startsWith(Topics.CAPTURED);
        }
    }

    /** What comes near to be lost, by partition. */
    public Map<String, String> warnings() {
        return parts.guard() == null ? Map.of() : parts.guard().warnings();
    }

    /** What holds single lanes up, by partition. */
    public Map<String, String> troubles() {
        var troubles = new TreeMap<String, String>();
        var guard = parts.guard();
        if (guard != null) {
            troubles.putAll(guard.gaps());
            if (guard.trouble() != null) {
                troubles.put("offsets", guard.trouble());
            }
        }
        if (trouble != null) {
            troubles.put("commit", trouble);
        }
        troubles.putAll(parts.ledger.says());
        lanes.forEach((partition, lane) -> {
            var held = lane.trouble();
            if (held != null) {
                troubles.put(partition.toString(), held);
            }
        });
        return troubles;
    }

    public int count() {
        return lanes.size();
    }

    Set<TopicPartition> partitions() {
        return Set.copyOf(lanes.keySet());
    }

    /** Nothing of them is read before it is known from where. */
    void assigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return;
        }
        var offsets = consumer.committed(Set.copyOf(partitions), ASKING);
        for (var partition : partitions) {
            var last = offsets.get(partition);
            hold(consumer, partition);
            parts.guard().assign(partition, last == null ? null : last.offset());
        }
    }

    /** A partition without any position would end the poll of all. */
    private void hold(Consumer<?, ?> consumer, TopicPartition partition) {
        consumer.pause(List.of(partition));
        consumer.seek(partition, 0);
    }

    /** Begins the partitions that may be read, and ends those that may not any more. */
    void settle(Consumer<?, ?> consumer) throws InterruptedException {
        for (var partition : consumer.assignment()) {
            var start = parts.guard().start(partition);
            if (start == begun.get(partition)) {
                continue;
            }
            var lane = lanes.get(partition);
            if (lane != null) {
                end(List.of(lane));
                forget(List.of(partition));
                hold(consumer, partition);
            }
            if (start instanceof Start.From from) {
                begin(consumer, partition, from.offset());
            }
            begun.put(partition, start);
        }
    }

    private void begin(Consumer<?, ?> consumer, TopicPartition partition, long offset) {
        consumer.seek(partition, offset);
        var lane = new Lane(partition, offset, Math.max(SMALLEST_SHARE, parts.config.heldBytes() / Math.max(1, consumer.assignment().size())), parts);
        lanes.put(partition, lane);
        lane.start();
        consumer.resume(List.of(partition));
    }

    /** The log is not there where it was to be read on: the guard finds out why. */
    void outOfRange(Consumer<?, ?> consumer, OffsetOutOfRangeException e) throws InterruptedException {
        for (var partition : e.partitions()) {
            var lane = lanes.get(partition);
            long finished = lane != null && lane.finished() >= 0 ? lane.finished() : e.offsetOutOfRangePartitions().getOrDefault(partition, 0L);
            parts.guard().assign(partition, finished);
            if (e instanceof LogTruncationException truncated && truncated.divergentOffsets().get(partition) != null) {
                parts.guard().diverged(partition, truncated.divergentOffsets().get(partition).offset());
            }
            hold(consumer, partition);
        }
        settle(consumer);
    }

    /** The partitions that the lanes write, each with its captured one. */
    Map<TopicPartition, TopicPartition> rows() {
        var rows = new HashMap<TopicPartition, TopicPartition>();
        lanes.forEach((captured, lane) -> rows.put(new TopicPartition(lane.table().rows(), captured.partition()), captured));
        return rows;
    }

    /** Where the partition ended that the lane of a captured partition writes. */
    void seen(TopicPartition captured, long end) {
        var lane = lanes.get(captured);
        if (lane != null) {
            lane.seen(end);
        }
    }

    /** Before the partitions go to another instance. */
    void revoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        partitions.forEach(parts.guard()::release);
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
        partitions.forEach(parts.guard()::release);
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
        begun.keySet().removeAll(partitions);
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
        ending.forEach(Lane::interrupt);
        for (var lane : ending) {
            lane.awaitEnd(Duration.ofNanos(Math.max(0, until + INTERRUPTED.toNanos() - System.nanoTime())));
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

    /** Whether each partition has its lane, and nothing waits in one or for its commit. */
    boolean isAtRest(Consumer<?, ?> consumer) {
        return lanes.keySet().equals(consumer.assignment()) && lanes.values().stream().allMatch(Lane::isIdle) && unfinished(consumer, lanes.keySet()).isEmpty();
    }

    void commit(Consumer<?, ?> consumer) {
        var offsets = unfinished(consumer, lanes.keySet());
        if (offsets.isEmpty()) {
            return;
        }
        consumer.commitAsync(offsets, (done, failure) -> {
            if (failure == null) {
                done.forEach(this::committed);
                trouble = null;
            } else {
                trouble = "committing failed: " + failure.getMessage() + "; it is tried again";
            }
        });
    }

    private void committed(TopicPartition partition, OffsetAndMetadata offset) {
        if (lanes.containsKey(partition)) {
            committed.put(partition, offset.offset());
            parts.guard().finished(partition, offset.offset());
        }
    }

    /**
     * Has the group confirm that this instance still owns what it was given.
     *
     * @throws KafkaException when it does not, or does not say
     */
    void confirm(Consumer<?, ?> consumer) {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (var partition : consumer.assignment()) {
            var lane = lanes.get(partition);
            if (lane != null) {
                offsets.put(partition, new OffsetAndMetadata(lane.kept() >= 0 ? lane.kept() : consumer.position(partition)));
            }
        }
        if (!offsets.isEmpty()) {
            consumer.commitSync(offsets, Duration.ofSeconds(5));
        }
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
