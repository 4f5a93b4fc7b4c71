package io.millrace.capture.send;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.capture.source.LockLostException;
import io.millrace.capture.source.Server;
import io.millrace.capture.source.SourceLock;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/**
 * Keeps a second process away from the topics of a source, also one that captures a copy of its database, where each has a lock and a slot of its own. Whoever writes says so in the topic in which capture
 * remembers, every {@link #SIGN}, and only while it has its lock. Nobody takes the topics over from one that goes on saying so. Thread-safe.
 */
public final class TopicClaim {

    private static final Logger LOG = Logger.getLogger(TopicClaim.class);

    /** With the instance behind it. */
    private static final String KEY = "writer ";
    private static final Duration SIGN = Duration.ofSeconds(3);
    /** What is sent later behind the last sign that Kafka took needs another one before. */
    private static final Duration FRESH = Duration.ofSeconds(5);
    /** Silence by which a process counts as gone: what it sent at the end of {@link #FRESH} is in Kafka by then, or given up by its client. */
    private static final Duration GONE = FRESH.plus(KafkaSettings.LONGEST_DELIVERY);
    private static final Duration LONGEST_RELEASE = Duration.ofSeconds(1);
    /** Behind the second sign its lock was asked for while this process had its own: so that is the lock of another server. */
    private static final int OF_ANOTHER = 2;
    private static final ObjectMapper JSON = new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final StateTopic state;
    private final SourceLock lock;
    private final String sourceName;
    private final String instance = UUID.randomUUID().toString();
    /** Guarded by this; null while the topics are not had. */
    private Holder own;
    /** Why they were lost, null where they were given back or never had. */
    private volatile String lostTo;
    private volatile boolean held;
    /** When the last sign that Kafka has was sent, by {@link System#nanoTime()}. */
    private volatile long signedAt;
    /** Guarded by this: the one that wrote for another server while this process would have begun; null where none did, or somebody decided. */
    private Seen refused;
    private volatile boolean allowed;
    /** Guarded by this: gives the signs of life. */
    private Thread keeper;

    /** Waits a moment, and may say for what. */
    @FunctionalInterface
    public interface Waits {
        void on(String what) throws InterruptedException;
    }

    /** @param since when its last sign was seen first, by {@link System#nanoTime()} */
    private record Seen(Holder holder, long since) {

        Seen now(Holder later, long nanos) {
            return later.equals(holder) ? this : new Seen(later, nanos);
        }

        boolean isGone(long nanos) {
            return nanos - since > GONE.toNanos();
        }
    }

    TopicClaim(StateTopic state, SourceLock lock, String sourceName) {
        this.state = state;
        this.lock = lock;
        this.sourceName = sourceName;
    }

    /** Lets this process take the topics over from one that wrote them for another server, once that is gone. */
    public void allow() {
        allowed = true;
    }

    /**
     * Takes the topics for this process, which has its lock. One that wrote for the same server has lost that; one that did for another is watched, for {@link #GONE} at most.
     *
     * @param waits waits between two looks
     * @return why they cannot be had, with who has them; null where they are held from now on
     * @throws LockLostException when the lock is lost meanwhile
     * @throws SendException when Kafka cannot be asked, or another process takes them at this moment
     * @throws SQLException when the database cannot be asked
     */
    public synchronized String take(Waits waits) throws InterruptedException, SQLException {
        var server = lock.server();
        if (held) {
            own = own.at(server);
            sign();
            return null;
        }
        var others = others();
        if (refused != null && !allowed) {
            return refusal(foreign(others, server));
        }
        refused = null;
        var first = foreign(others, server);
        var seen = seen(Map.of(), first);
        while (!seen.values().stream().allMatch(one -> one.isGone(System.nanoTime()))) {
            waits.on("looking for up to " + GONE.toSeconds() + " s whether " + seen.values().iterator().next().holder() + " still writes the topics of the source " + sourceName);
            lock.checkLately();
            others = others();
            seen = seen(seen, foreign(others, server));
            for (var one : seen.values()) {
                var before = first.putIfAbsent(one.holder().instance(), one.holder());
                if (before != null && one.holder().sign() - before.sign() >= OF_ANOTHER) {
                    refused = one;
                    allowed = false;
                    return refusal(foreign(others, server));
                }
            }
        }
        claim(new Holder(instance, host(), ProcessHandle.current().pid(), Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), server, 1), others);
        return null;
    }

    /** Two that claim at once both see the other one's claim, or the later one does: whoever sees one that was not there before withdraws. */
    private void claim(Holder mine, Map<String, Holder> gone) throws InterruptedException {
        lock.check();
        long sentAt = System.nanoTime();
        state.write(KEY + instance, json(mine));
        state.looked();
        var now = others();
        if (!gone.entrySet().containsAll(now.entrySet())) {
            state.write(KEY + instance, null);
            throw new SendException("Another capture takes the topics of the source " + sourceName + " at this moment; looking at it again", null);
        }
        var ended = new TreeMap<String, String>();
        gone.keySet().forEach(other -> ended.put(KEY + other, null));
        state.write(ended);
        if (!gone.isEmpty()) {
            LOG.infof("The topics of the source %s are taken over from %s", sourceName, gone.values());
        }
        own = mine;
        signedAt = sentAt;
        lostTo = null;
        allowed = false;
        held = true;
        keeper = Thread.ofVirtual().name("claim of " + sourceName).unstarted(this::keep);
        keeper.start();
    }

    /** @param standing who says that he writes for another server */
    private String refusal(Map<String, Holder> standing) {
        long now = System.nanoTime();
        var other = standing.getOrDefault(refused.holder().instance(), standing.values().stream().findFirst().orElse(null));
        if (other != null) {
            refused = refused.now(other, now);
        }
        var who = refused.holder().toString();
        if (other == null || refused.isGone(now)) {
            return "The topics of the source " + sourceName + " were written by another capture when this one was to begin: " + who + ". It has ended by now, or is silent. This capture does not put its own database in that one's place by itself."
                    + " If its database is the one to go on with, run ./millrace recover " + sourceName + " at this capture; else end this one";
        }
        return "Another capture writes the topics of the source " + sourceName + ": " + who + ". Its database is another one than that of this process, though it may be a copy, so neither lock nor slot keeps the two apart."
                + " Nothing is captured here. End the one whose database is not the source, or give it the name of another source or another Kafka. If the other one is ended, run ./millrace recover " + sourceName + " at this capture";
    }

    private static Map<String, Holder> foreign(Map<String, Holder> others, Server server) {
        var foreign = new TreeMap<>(others);
        foreign.values().removeIf(other -> other.server().isSame(server));
        return foreign;
    }

    private static Map<String, Seen> seen(Map<String, Seen> before, Map<String, Holder> now) {
        long nanos = System.nanoTime();
        var seen = new HashMap<String, Seen>();
        now.forEach((key, other) -> seen.put(key, before.containsKey(key) ? before.get(key).now(other, nanos) : new Seen(other, nanos)));
        return seen;
    }

    /**
     * Asks whether this process has its lock and the topics still.
     *
     * @throws LockLostException when it has not
     * @throws SendException when Kafka does not take a sign of it, so that nobody knows
     */
    public void check() throws InterruptedException {
        lock.check();
        settle();
    }

    /**
     * As {@link #check()}, and asks for the lock only if nobody did within the last second.
     *
     * @throws LockLostException when it is not held, or the topics are not
     * @throws SendException when Kafka does not take a sign of it, so that nobody knows
     */
    public void checkLately() throws InterruptedException {
        lock.checkLately();
        settle();
    }

    /**
     * As {@link #checkLately()}, and asks Kafka for nothing.
     *
     * @throws LockLostException when it is not held, or the topics are known to be another one's
     */
    void checkKnown() {
        lock.checkLately();
        if (!held) {
            throw lost();
        }
    }

    /**
     * Looks who wrote, where somebody else did, or the last sign is long ago.
     *
     * @throws LockLostException when another process has the topics
     * @throws SendException when Kafka cannot be asked
     */
    void settle() throws InterruptedException {
        if (!held) {
            throw lost();
        }
        if (state.othersWrote() || isStale()) {
            sign();
        }
    }

    private boolean isStale() {
        return System.nanoTime() - signedAt > FRESH.toNanos();
    }

    private LockLostException lost() {
        return new LockLostException(lostTo == null ? "This process does not have the topics of the source " + sourceName + " at the moment, for the reason that its health gives; nothing is written before it has them"
                : "The topics of the source " + sourceName + " were taken over " + lostTo + "; nothing is written before it is known who has them");
    }

    /** A process that may have been taken for gone looks before it speaks: whoever has the topics now would take its sign for a claim. */
    private synchronized void sign() throws InterruptedException {
        if (!held) {
            throw lost();
        }
        lock.check();
        if (System.nanoTime() - signedAt > GONE.toNanos() || state.othersWrote()) {
            look();
        }
        long sentAt = System.nanoTime();
        var next = own.next();
        state.write(KEY + instance, json(next));
        own = next;
        if (state.othersWrote()) {
            look();
        }
        signedAt = sentAt;
    }

    /** Nobody claims the topics who had not reason to: so whoever does has them. */
    private void look() throws InterruptedException {
        state.looked();
        Map<String, String> values;
        try {
            values = state.read();
        } catch (SendException e) {
            state.suspect();
            throw e;
        }
        var others = others(values);
        if (!others.isEmpty() || !values.containsKey(KEY + instance)) {
            held = false;
            lostTo = others.isEmpty() ? "by somebody who has ended since, or the topic in which capture remembers is another one" : "by " + others.values().iterator().next() + ", while this process said nothing for longer than " + GONE.toSeconds() + " s or had lost its lock";
            if (values.containsKey(KEY + instance)) {
                state.write(KEY + instance, null);
            }
            throw lost();
        }
    }

    private Map<String, Holder> others() {
        return others(state.read());
    }

    /** By instance. */
    private Map<String, Holder> others(Map<String, String> values) {
        var others = new TreeMap<String, Holder>();
        values.forEach((key, value) -> {
            if (key.startsWith(KEY) && !key.equals(KEY + instance)) {
                others.put(key.substring(KEY.length()), holder(value));
            }
        });
        return others;
    }

    private void keep() {
        try {
            do {
                Thread.sleep(SIGN);
            } while (signs());
        } catch (LockLostException e) {
            // Whoever writes next is told.
            LOG.debug(e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether another sign is to follow. One that Kafka does not take is asked for again by whoever writes. */
    private synchronized boolean signs() throws InterruptedException {
        if (!held || keeper != Thread.currentThread()) {
            return false;
        }
        try {
            sign();
        } catch (SendException e) {
            LOG.debug(e.getMessage());
        }
        return true;
    }

    /** Gives the topics back, where they are held; waits a moment for Kafka to have that. */
    public synchronized void release() {
        if (!held) {
            lostTo = null;
            return;
        }
        held = false;
        own = null;
        try {
            state.send(KEY + instance, null, null).get(LONGEST_RELEASE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException | KafkaException e) {
            LOG.debugf("Kafka was not told that this process has ended with the source %s: %s", sourceName, e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException _) {
            return "a machine without a name";
        }
    }

    private static String json(Holder holder) {
        try {
            return JSON.writeValueAsString(holder);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Holder holder(String json) {
        try {
            return JSON.readValue(json, Holder.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What another capture says of itself cannot be read, a newer version may have written it: " + e.getOriginalMessage(), e);
        }
    }
}
