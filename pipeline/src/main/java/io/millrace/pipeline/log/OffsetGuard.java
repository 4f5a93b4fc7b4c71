package io.millrace.pipeline.log;

import io.millrace.pipeline.kafka.KafkaTrouble;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Holds a group's offsets against the logs that they count in, before a partition is begun and every few seconds while it is read.
 * What it finds wrong holds that partition until a person decides. Marks of how far the group had come are kept in a topic,
 * since an offset that is missing does not say whether there ever was one.
 *
 * <p>Nothing but {@link #close} waits for Kafka; a thread of its own asks. Thread-safe.
 */
public final class OffsetGuard implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(OffsetGuard.class.getName());
    /** Between two looks. */
    static final Duration EVERY = Duration.ofSeconds(3);
    /** Between the two looks that have to agree. */
    private static final Duration AGAIN = Duration.ofMillis(500);
    private static final Duration MOVING = Duration.ofSeconds(5);
    private static final Duration RESTING = Duration.ofMinutes(1);
    /** Instances that start the group for the first time do so within this time. */
    private static final Duration FIRST_START = Duration.ofMinutes(10);
    /** One round waits for several answers of Kafka, each within the client's limits. */
    private static final Duration SILENCE = Duration.ofMinutes(2);
    private static final Duration CLOSING = Duration.ofSeconds(10);
    private static final double NEAR = 0.5;

    private final Map<String, Object> kafka;
    private final String topic;
    private final String group;
    private final short replication;
    private final Stage stage;
    private final Map<TopicPartition, Reading> readings = new ConcurrentHashMap<>();
    /** Topics with a mark that are not there, by when that was seen first; the guard's thread alone writes it. */
    private final Map<TopicPartition, Start.Held> vanished = new ConcurrentHashMap<>();
    private final Semaphore woken = new Semaphore(0);
    private final LoopThread thread;
    private volatile String trouble;
    private volatile Life life;
    private volatile boolean proven = true;
    /** Of which life somebody has said that its documents are those of the database; below zero where of none. */
    private volatile long found = -1;
    private volatile boolean closed;

    /** The stage for which offsets are guarded. */
    public interface Stage {

        /** What it says of a gap, in sentences: what may be missing because of it, and what mends it. */
        String advice(TopicPartition partition, Gap gap);

        /** Whether it still reads a topic that nobody assigns to it any more because it is gone. */
        boolean reads(String topic);
    }

    /**
     * Begins to look at once.
     *
     * @param kafka settings of every client of Kafka; those of a consumer group do not count
     * @param topic where the marks are; made where it is missing
     * @param replication copies of that topic, -1 for the broker's default
     */
    public OffsetGuard(Map<String, Object> kafka, String topic, String group, short replication, Stage stage, Loops loops) {
        this.kafka = own(kafka);
        this.topic = topic;
        this.group = group;
        this.replication = replication;
        this.stage = stage;
        this.thread = loops.thread("offset-guard-" + group, Thread.ofVirtual(), SILENCE, this::live).start();
    }

    static Map<String, Object> own(Map<String, Object> kafka) {
        var own = new HashMap<>(kafka);
        own.remove(ConsumerConfig.GROUP_ID_CONFIG);
        own.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
        own.put("request.timeout.ms", 4_000);
        own.put("default.api.timeout.ms", 8_000);
        return own;
    }

    /**
     * A partition that the group has to read is here now. Nothing of it may be read before {@link #start} says from where.
     *
     * @param committed the group's offset, null where it has none
     */
    public void assign(TopicPartition partition, Long committed) {
        readings.put(partition, Reading.ofGroup(committed));
        woken.release();
    }

    /** A partition that this stage writes: its end never goes back. */
    public void keep(TopicPartition partition) {
        readings.putIfAbsent(partition, Reading.ofWriter());
        woken.release();
    }

    /** What is missing from a partition that this stage writes was seen to: it counts from here on as it is. */
    public void renew(TopicPartition partition) {
        readings.put(partition, Reading.ofWriterAnew());
        woken.release();
    }

    /** The partition is not here any more. */
    public void release(TopicPartition partition) {
        readings.remove(partition);
    }

    /** What holds for the partition now, null while it is not known; another instance than before means to begin anew with what it says. */
    public Start start(TopicPartition partition) {
        var reading = readings.get(partition);
        return reading == null ? null : reading.start();
    }

    /**
     * The log does not go on as it was read: a leader without the last records took over.
     *
     * @param end the offset up to which it is as it was
     */
    public void diverged(TopicPartition partition, long end) {
        var reading = readings.get(partition);
        if (reading != null) {
            reading.diverged(end);
            woken.release();
        }
    }

    /** Every record of the partition before this offset is finished, and that is committed. */
    public void finished(TopicPartition partition, long offset) {
        var reading = readings.get(partition);
        if (reading != null) {
            reading.finished(offset);
        }
    }

    /** Kafka has acknowledged what this stage has written into the partition before this offset. */
    public void reached(TopicPartition partition, long end) {
        var reading = readings.get(partition);
        if (reading != null) {
            reading.reached(end);
        }
    }

    /** Up to which offset the partition's mark says that all is finished, -1 where there is none yet: what is before it will not be read again, whatever is lost. */
    public long marked(TopicPartition partition) {
        var reading = readings.get(partition);
        return reading == null ? -1 : reading.marked();
    }

    /** By partition, what is wrong: since when, from where to where, what may be missing and what mends it. */
    public Map<String, String> gaps() {
        var gaps = new TreeMap<String, String>();
        vanished.forEach((partition, held) -> gaps.put(partition.toString(), text(partition, held)));
        readings.forEach((partition, reading) -> {
            if (reading.start() instanceof Start.Held held) {
                gaps.put(partition.toString(), text(partition, held));
            }
        });
        return gaps;
    }

    private String text(TopicPartition partition, Start.Held held) {
        return "since " + Instant.ofEpochMilli(held.since()) + ": " + held.gap().what() + ". " + stage.advice(partition, held.gap());
    }

    /** By partition, how much is used of the time for which its unread records are kept, where that is half of it or more. */
    public Map<String, String> warnings() {
        var warnings = new TreeMap<String, String>();
        readings.forEach((partition, reading) -> {
            if (reading.used() >= NEAR) {
                warnings.put(partition.toString(), "unread records have used " + Math.round(reading.used() * 100) + " % of the time for which they are kept");
            }
        });
        return warnings;
    }

    /** The largest share, over the partitions here, of the time for which unread records are kept that has gone by. */
    public double retentionUsed() {
        return readings.values().stream().mapToDouble(Reading::used).max().orElse(0);
    }

    /**
     * In which life the group's join is, null while that is not known. When another one is told, nothing is assigned any more that was
     * assigned before.
     */
    public Life life() {
        return life;
    }

    /** Whether the documents of the life that has begun were found to be those of the database. */
    public boolean isProven() {
        return proven;
    }

    /** Somebody has found the documents of this life to be those of the database; that is kept where it is the life that has begun. */
    public void prove(long number) {
        found = number;
        woken.release();
    }

    /** Why offsets are not held against the logs at the moment, null where they are. */
    public String trouble() {
        return trouble;
    }

    private void live(Loop loop) throws InterruptedException {
        while (!closed) {
            try (var admin = Admin.create(kafka); var marks = new Marks(kafka, topic, group)) {
                marks.ensure(admin, replication);
                var identities = new Identities();
                var keepings = new Keepings();
                while (!closed) {
                    boolean settled = round(admin, marks, identities, keepings);
                    loop.beat();
                    rest(settled ? EVERY : AGAIN);
                }
            } catch (InterruptException e) {
                throw new InterruptedException("while Kafka was asked");
            } catch (RuntimeException e) {
                troubled(e);
                loop.beat();
                rest(EVERY);
            }
        }
    }

    private void troubled(RuntimeException e) {
        var what = "holding the offsets of the group " + group + " against Kafka's logs failed: " + e + "; " + KafkaTrouble.advice(e, kafka) + "; no partition is begun before it succeeds, it is tried again";
        if (!closed && !what.equals(trouble)) {
            LOG.log(System.Logger.Level.WARNING, what);
        }
        trouble = what;
    }

    private void rest(Duration most) throws InterruptedException {
        if (woken.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
            woken.drainPermits();
        }
    }

    /** What was assigned in the life before counts in logs that are cleared, and is not to be written into the next one. */
    private void begin(Marks marks) {
        if (life != null && !life.equals(marks.life())) {
            readings.clear();
            vanished.clear();
        }
        life = marks.life();
        proven = marks.isProven();
    }

    /** @return whether nothing waits for a second look */
    private boolean round(Admin admin, Marks marks, Identities identities, Keepings keepings) throws InterruptedException {
        marks.read();
        begin(marks);
        var here = new HashMap<>(readings);
        var before = new HashMap<TopicPartition, Long>();
        here.forEach((partition, reading) -> before.put(partition, reading.finished()));
        var topics = new HashSet<String>();
        marks.all().keySet().forEach(p -> topics.add(p.topic()));
        long now = System.currentTimeMillis();
        var look = Look.at(admin, here.keySet(), topics, identities, keepings);
        boolean known = marks.since() > 0 && now - marks.since() > FIRST_START.toMillis();
        here.keySet().removeAll(look.silent());
        trouble = look.silent().isEmpty() ? null : "Kafka does not tell where the logs of " + look.silent() + " begin and end; have they a leader? They are not begun before, it is asked again";
        here.forEach((partition, reading) -> judge(partition, reading, look.logs().get(partition), marks.all().get(partition), before.get(partition), known, now));
        vanish(marks, look, here, now);
        keep(marks, here, now);
        return here.values().stream().noneMatch(r -> r.start() == null);
    }

    private void judge(TopicPartition partition, Reading reading, Log log, Mark mark, long before, boolean known, long now) {
        var was = reading.start();
        if (was instanceof Start.From && !reading.isOverruled(mark)) {
            reading.check(log, before, now);
        } else {
            reading.open(log, mark, known, now);
        }
        if (reading.start() != was && readings.get(partition) == reading) {
            say(partition, reading.start(), mark, before);
        }
    }

    private void say(TopicPartition partition, Start start, Mark mark, long committed) {
        switch (start) {
            case Start.Absent absent -> LOG.log(System.Logger.Level.DEBUG, partition + " is not there yet");
            case Start.Held held -> LOG.log(System.Logger.Level.ERROR, partition + " is held " + text(partition, held));
            case Start.From from when mark == null && committed >= 0 -> LOG.log(System.Logger.Level.INFO, "The group " + group + " left no mark for " + partition + ", so its offset " + committed + " is taken as it is");
            case Start.From from when mark != null && mark.begin() -> LOG.log(System.Logger.Level.WARNING, partition + " is read from offset " + from.offset() + ", as was decided");
            case Start.From from -> LOG.log(System.Logger.Level.DEBUG, partition + " is read from offset " + from.offset());
        }
    }

    /** Topics that were deleted take their partitions out of the group, so nobody would ask for them. */
    private void vanish(Marks marks, Look look, Map<TopicPartition, Reading> here, long now) {
        vanished.keySet().removeIf(p -> !marks.all().containsKey(p) || look.topics().contains(p.topic()) || here.containsKey(p));
        marks.all().forEach((partition, mark) -> {
            if (!look.topics().contains(partition.topic()) && !here.containsKey(partition) && stage.reads(partition.topic())) {
                vanished.putIfAbsent(partition, new Start.Held(new Gap.Gone(mark.offset()), now));
            }
        });
    }

    private void keep(Marks marks, Map<TopicPartition, Reading> here, long now) throws InterruptedException {
        if (!marks.life().begun()) {
            // Whoever clears what is there writes them.
            return;
        }
        if (marks.since() == 0) {
            marks.writeSince(now);
        }
        if (found == marks.life().number() && !marks.isProven()) {
            marks.writeProof();
        }
        var due = new HashMap<TopicPartition, Mark>();
        here.forEach((partition, reading) -> {
            var mark = reading.due(now, MOVING, RESTING);
            if (mark != null && readings.get(partition) == reading) {
                marks.write(partition, mark);
                due.put(partition, mark);
            }
        });
        marks.flush();
        due.forEach((partition, mark) -> here.get(partition).written(mark, now));
    }

    /** Ends the looking; a mark that is being written is finished. */
    @Override
    public void close() {
        closed = true;
        thread.release();
        woken.release();
        try {
            if (!thread.join(CLOSING)) {
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
