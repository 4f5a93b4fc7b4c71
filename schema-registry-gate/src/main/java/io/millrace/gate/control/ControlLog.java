package io.millrace.gate.control;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.gate.GateConfig;
import io.millrace.gate.KafkaClients;
import io.millrace.gate.Table;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.retry.Complaint;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;

/**
 * What all instances of the gate know together: one compacted topic with one partition, which every instance reads from its
 * beginning and goes on reading. For each key the last record holds, in the order of the topic; that order is what makes
 * instances agree, and it survives compaction. Thread-safe.
 */
@ApplicationScoped
public class ControlLog {

    static final String TOPIC = "millrace.gate.control";

    private static final Logger LOG = Logger.getLogger(ControlLog.class);
    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);
    private static final String TABLE = "table:";
    private static final String LANE = "lane:";
    private static final String BREAKER = "breaker:";
    /** Without a record, or anybody who asks how far it is. */
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final long LOOK_EVERY_NANOS = Duration.ofSeconds(3).toNanos();
    /** How long a caller is kept waiting for Kafka. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** What was acknowledged is read back within milliseconds. */
    private static final Duration READ_BACK = Duration.ofSeconds(10);

    private record LaneKey(Table table, int partition) {}

    private final KafkaClients kafka;
    private final ObjectMapper json;
    /** Gates of other groups serve other sources; their breaker is their own. */
    private final String breakerKey;
    private final Map<Table, TableState> tables = new ConcurrentHashMap<>();
    private final Map<LaneKey, LaneState> lanes = new ConcurrentHashMap<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    /** The offset up to which everything is applied; guarded by lock. */
    private long applied;
    /** Counts how often the end of the topic was asked for; guarded by lock. */
    private long wanted;
    /** The last of the wanted looks that was answered and applied; guarded by lock. */
    private long reached;
    /** The last of the topic's ends up to which all is applied was asked for then; null where none was reached. */
    private volatile Instant asOf;
    private volatile BreakerState breaker = BreakerState.CLOSED;
    private volatile String trouble = "the control topic " + TOPIC + " has not been read yet";
    /** A topic that may not be read is read in vain before that is told, so this outlasts the trouble. */
    private final Complaint complaint = new Complaint();
    private volatile boolean stopping;
    /** Null while there is none. */
    private volatile KafkaConsumer<byte[], byte[]> open;
    private final LoopThread reader;

    ControlLog(KafkaClients kafka, ObjectMapper json, GateConfig config, Loops loops) {
        this.kafka = kafka;
        this.json = json;
        this.breakerKey = BREAKER + config.group();
        this.reader = loops.thread("control-log", Thread.ofVirtual(), config.silence(), this::readForEver);
    }

    /** Begins to read; comes back at once. */
    public void start() {
        reader.start();
    }

    public void stop() {
        stopping = true;
        reader.interrupt();
    }

    /** What is called after anything has changed; it must not block. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** Why the log cannot be read at the moment, null where it can. */
    public String trouble() {
        return trouble;
    }

    public TableState table(Table table) {
        return tables.getOrDefault(table, TableState.FLOWING);
    }

    /** Every table that was ever parked. */
    public Map<Table, TableState> tables() {
        return new TreeMap<>(tables);
    }

    public LaneState lane(Table table, int partition) {
        return lanes.getOrDefault(new LaneKey(table, partition), LaneState.FLOWING);
    }

    public BreakerState breaker() {
        return breaker;
    }

    /**
     * Waits until everything that stood in the topic when this was called is applied here.
     *
     * @return false when that took longer than {@code atMost}
     */
    public boolean awaitCaughtUp(Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            // Where somebody waits already the reader looks again by itself; one wakeup after the other would end every poll before it has read.
            boolean idle = wanted == reached;
            long mine = ++wanted;
            var polled = open;
            if (idle && polled != null) {
                polled.wakeup();
            }
            return await(() -> reached >= mine, atMost);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The same for somebody who waits for an answer.
     *
     * @throws OutdatedException when Kafka did not say within 5 seconds what holds now
     */
    public void refresh() throws OutdatedException, InterruptedException {
        if (!awaitCaughtUp(PATIENCE)) {
            throw new OutdatedException(trouble == null ? "Kafka answers more slowly than within " + PATIENCE.toSeconds() + " s" : trouble, asOf);
        }
    }

    /** With the lock held. */
    private boolean await(BooleanSupplier condition, Duration atMost) throws InterruptedException {
        long left = atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (left <= 0) {
                return false;
            }
            left = moved.awaitNanos(left);
        }
        return true;
    }

    /** Writes what holds for a table, and waits until it is applied here. */
    public void write(Table table, TableState state) throws InterruptedException {
        awaitApplied(append(TABLE + table.name(), state));
    }

    /** Writes a partition's state, durably; this instance's view of it follows a little later. */
    public void write(Table table, int partition, LaneState state) throws InterruptedException {
        append(LANE + table.name() + ":" + partition, state);
    }

    /** Writes the breaker's state, and waits until it is applied here. */
    public void write(BreakerState state) throws InterruptedException {
        awaitApplied(append(breakerKey, state));
    }

    private long append(String key, Object state) throws InterruptedException {
        try {
            var record = new ProducerRecord<>(TOPIC, 0, bytes(key), json.writeValueAsBytes(state));
            return kafka.producer().send(record).get().offset();
        } catch (JacksonException e) {
            throw new UncheckedIOException(e);
        } catch (ExecutionException e) {
            throw new KafkaException("Writing " + key + " to " + TOPIC + " failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private void awaitApplied(long offset) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (!await(() -> applied > offset, READ_BACK)) {
                throw new KafkaException("What was decided is written to " + TOPIC + " at offset " + offset + " and holds, but this instance has not read it back within " + READ_BACK.toSeconds()
                        + " s; ask again when Kafka answers");
            }
        } finally {
            lock.unlock();
        }
    }

    private void readForEver(Loop loop) {
        while (!stopping) {
            loop.beat();
            try {
                kafka.ensure(TOPIC, 1, KafkaClients.compacted());
                kafka.ensure(Audit.TOPIC, 1, KafkaClients.kept());
                try (var consumer = kafka.follower()) {
                    consumer.assign(List.of(PARTITION));
                    lock.lockInterruptibly();
                    long from;
                    try {
                        from = applied;
                    } finally {
                        lock.unlock();
                    }
                    consumer.seek(PARTITION, from);
                    open = consumer;
                    read(consumer, from, loop);
                } finally {
                    open = null;
                }
            } catch (InterruptedException | org.apache.kafka.common.errors.InterruptException e) {
                return;
            } catch (RuntimeException e) {
                troubled(e);
                pause();
            }
        }
    }

    private void troubled(RuntimeException e) {
        var why = kafka.why(e, AclOperation.READ);
        if (!stopping && complaint.isNews(String.valueOf(e.getMessage()))) {
            LOG.warnf("Reading the control topic %s failed: %s. No partition that is new here starts until it can be read; trying again.", TOPIC, why);
        }
        trouble = "reading the control topic " + TOPIC + " failed: " + why;
    }

    private void pause() {
        try {
            Thread.sleep(Duration.ofSeconds(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stopping = true;
        }
    }

    private void read(KafkaConsumer<byte[], byte[]> consumer, long from, Loop loop) throws InterruptedException {
        long lookedAt = System.nanoTime() - LOOK_EVERY_NANOS;
        long look = 0;
        long told = 0;
        long position = from;
        long end = 0;
        var lookedFor = Instant.EPOCH;
        while (!stopping) {
            loop.beat();
            long asked = wanted();
            if (asked > look || System.nanoTime() - lookedAt >= LOOK_EVERY_NANOS) {
                lookedFor = Instant.now();
                end = kafka.ends(List.of(PARTITION)).getOrDefault(PARTITION, 0L);
                look = asked;
                lookedAt = System.nanoTime();
            }
            boolean changed = false;
            // All is read already that is asked for: who waits for that is not kept until a record comes.
            for (var record : poll(consumer, look > told && position >= end ? Duration.ZERO : POLL)) {
                apply(new String(record.key(), StandardCharsets.UTF_8), record.value());
                changed = true;
            }
            position = position(consumer, position);
            lock.lockInterruptibly();
            try {
                applied = position;
                if (position >= end) {
                    told = look;
                    reached = look;
                    trouble = null;
                    asOf = lookedFor;
                }
                moved.signalAll();
            } finally {
                lock.unlock();
            }
            if (changed) {
                listeners.forEach(Runnable::run);
            }
        }
    }

    private static ConsumerRecords<byte[], byte[]> poll(KafkaConsumer<byte[], byte[]> consumer, Duration atMost) {
        try {
            return consumer.poll(atMost);
        } catch (WakeupException e) {
            // Somebody wants to know how far it is.
            return ConsumerRecords.empty();
        }
    }

    /** @param known where it stood before, which holds where somebody's wakeup meets the question */
    private static long position(KafkaConsumer<byte[], byte[]> consumer, long known) {
        try {
            return consumer.position(PARTITION);
        } catch (WakeupException e) {
            return known;
        }
    }

    private long wanted() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            return wanted;
        } finally {
            lock.unlock();
        }
    }

    private void apply(String key, byte[] value) {
        try {
            if (key.startsWith(TABLE)) {
                tables.put(new Table(key.substring(TABLE.length())), json.readValue(value, TableState.class));
            } else if (key.startsWith(LANE)) {
                int colon = key.lastIndexOf(':');
                lanes.put(new LaneKey(new Table(key.substring(LANE.length(), colon)), Integer.parseInt(key.substring(colon + 1))), json.readValue(value, LaneState.class));
            } else if (key.equals(breakerKey)) {
                breaker = json.readValue(value, BreakerState.class);
            }
        } catch (IOException e) {
            throw new KafkaException("The record '" + key + "' of " + TOPIC + " cannot be read: " + e.getMessage() + "; it was written by another version of the gate", e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
