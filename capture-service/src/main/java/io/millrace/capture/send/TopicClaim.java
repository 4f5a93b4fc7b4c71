package io.millrace.capture.send;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.capture.source.LockLostException;
import io.millrace.capture.source.Moment;
import io.millrace.capture.source.Server;
import io.millrace.capture.source.SourceLock;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
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
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;

/**
 * Keeps a second process away from the topics of a source, also one that captures a copy of its database, where each has a lock and a slot of its own. Whoever writes says so in the topic in which capture
 * remembers, every {@link #SIGN}, and only while it has its lock. Nobody takes the topics over from one that goes on saying so. Thread-safe.
 */
public final class TopicClaim implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(TopicClaim.class);

    /** With the instance behind it. */
    private static final String KEY = "writer ";
    private static final Duration SIGN = Duration.ofSeconds(3);
    /** What is sent later behind the last sign that Kafka took needs another one before. */
    private static final Duration FRESH = Duration.ofSeconds(5);
    /** Silence by which a process counts as gone: what it sent at the end of {@link #FRESH} is in Kafka by then, or given up by its client. */
    private static final Duration GONE = FRESH.plus(KafkaSettings.LONGEST_DELIVERY);
    private static final Duration LONGEST_RELEASE = Duration.ofSeconds(1);
    /** A sign waits for Postgres, and for Kafka a few times. */
    private static final Duration SILENCE = Duration.ofMinutes(2);
    /** Behind the second sign its lock was asked for while this process had its own: so that is the lock of another server. */
    private static final int OF_ANOTHER = 2;
    private static final ObjectMapper JSON = new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final StateTopic state;
    private final SourceLock lock;
    private final String sourceName;
    private final String instance = UUID.randomUUID().toString();
    /** Gives the signs of life. */
    private final LoopThread keeper;
    /** Held while a sign goes to the producer, so that none stands behind the withdrawal. */
    private final Object order = new Object();
    /** Tells Kafka that the topics are given back; null where that never was. Used by the thread that takes and gives. */
    private Thread leaving;
    /** Guarded by this; as it was signed last. */
    private Holder own;
    /** Why they were lost, null where they were given back or never had. */
    private volatile String lostTo;
    /** Set by whoever takes, withdrawn by anybody. */
    private volatile boolean held;
    /** When the last sign that Kafka has was sent. */
    private volatile Moment signedAt;
    /** How often somebody else may have written by the last look. Written under this. */
    private volatile long looked;
    /** The one that wrote for another server while this process would have begun; null where none did, somebody decided, or one of the same server was seen since. */
    private final AtomicReference<Seen> refused = new AtomicReference<>();
    /** What health says while that one goes on signing, null otherwise. */
    private volatile String standing;

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

    TopicClaim(StateTopic state, SourceLock lock, String sourceName, Loops loops) {
        this.state = state;
        this.lock = lock;
        this.sourceName = sourceName;
        this.keeper = loops.thread("claim of " + sourceName, Thread.ofVirtual(), SILENCE, this::keep).start();
    }

    /** Has it judged anew whether another process has the topics, though this one was refused: it is put in the place of one that wrote them for another server, where that is gone. */
    public void allow() {
        forgetRefusal();
    }

    private void forgetRefusal() {
        refused.set(null);
        standing = null;
    }

    /** Who goes on signing, so that this process is refused though somebody decides for it; null where nobody is known to. */
    public String standing() {
        return standing;
    }

    public boolean isHeld() {
        return held;
    }

    /**
     * Looks who writes while another process has this one's lock. Where that one writes for this process's own server, it was not kept from another's place, and has this one take over from it like any.
     *
     * @throws SendException when Kafka cannot be asked
     * @throws SQLException when the database cannot be asked
     */
    public void standBy() throws SQLException {
        if (refused.get() != null) {
            forgive(others(), lock.target());
        }
    }

    /** The former writer has moved to this process's server, or another one was let there: so nobody has to decide any more. */
    private void forgive(Map<String, Holder> others, Server server) {
        if (others.values().stream().anyMatch(other -> other.server().isSame(server))) {
            forgetRefusal();
        }
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
        if (leaving != null) {
            // Behind a claim it would take that away.
            leaving.join();
        }
        var server = lock.server();
        if (held) {
            own = own.at(server);
            sign();
            return null;
        }
        var others = others();
        forgive(others, server);
        var before = refused.get();
        if (before != null) {
            return refusal(before, foreign(others, server));
        }
        var first = foreign(others, server);
        var seen = seen(Map.of(), first);
        while (!seen.values().stream().allMatch(one -> one.isGone(System.nanoTime()))) {
            waits.on("looking for up to " + GONE.toSeconds() + " s whether " + seen.values().iterator().next().holder() + " still writes the topics of the source " + sourceName);
            lock.checkLately();
            others = others();
            seen = seen(seen, foreign(others, server));
            for (var one : seen.values()) {
                var known = first.putIfAbsent(one.holder().instance(), one.holder());
                if (known != null && one.holder().sign() - known.sign() >= OF_ANOTHER) {
                    refused.set(one);
                    return refusal(one, foreign(others, server));
                }
            }
        }
        claim(new Holder(instance, host(), ProcessHandle.current().pid(), Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), server, 1), others);
        return null;
    }

    /** Two that claim at once both see the other one's claim, or the later one does: whoever sees one that was not there before withdraws. */
    private void claim(Holder mine, Map<String, Holder> gone) throws InterruptedException {
        lock.check();
        var sentAt = Moment.now();
        state.begin();
        try {
            state.write(KEY + instance, json(mine));
            looked = state.strangers();
            if (!gone.entrySet().containsAll(others().entrySet())) {
                throw new SendException("Another capture takes the topics of the source " + sourceName + " at this moment; looking at it again", null);
            }
            var ended = new TreeMap<String, String>();
            gone.keySet().forEach(other -> ended.put(KEY + other, null));
            state.write(ended);
        } catch (SendException | InterruptedException e) {
            withdraw();
            throw e;
        }
        if (!gone.isEmpty()) {
            LOG.infof("The topics of the source %s are taken over from %s", sourceName, gone.values());
        }
        own = mine;
        signedAt = sentAt;
        lostTo = null;
        held = true;
    }

    /** @param signing who says that he writes for another server */
    private String refusal(Seen before, Map<String, Holder> signing) {
        long now = System.nanoTime();
        var other = signing.getOrDefault(before.holder().instance(), signing.values().stream().findFirst().orElse(null));
        var one = other == null ? before : before.now(other, now);
        var who = one.holder().toString();
        boolean ended = other == null || one.isGone(now);
        var why = ended
                ? "The topics of the source " + sourceName + " were written by another capture when this one was to begin: " + who + ". It has ended by now, or is silent. This capture does not put its own database in that one's place by itself."
                    + " If its database is the one to go on with, run ./millrace recover " + sourceName + " at this capture; else end this one"
                : "Another capture writes the topics of the source " + sourceName + ": " + who + ". Its database is another one than that of this process, though it may be a copy, so neither lock nor slot keeps the two apart."
                    + " Nothing is captured here. End the one whose database is not the source, or give it the name of another source or another Kafka. If the other one is ended, run ./millrace recover " + sourceName + " at this capture";
        if (refused.compareAndSet(before, one)) {
            standing = ended ? null : why;
        }
        return why;
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
        if (isDoubtful() || signedAt.isOlderThan(FRESH)) {
            sign();
        }
    }

    /** Whether somebody else may have written since the last look. */
    private boolean isDoubtful() {
        return state.strangers() != looked;
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
        if (signedAt.isOlderThan(GONE) || isDoubtful()) {
            look();
        }
        var sentAt = Moment.now();
        var next = own.next();
        Future<?> sent;
        synchronized (order) {
            if (!held) {
                throw lost();
            }
            sent = state.send(KEY + instance, json(next), null);
        }
        state.await(sent);
        own = next;
        if (isDoubtful()) {
            look();
        }
        signedAt = sentAt;
    }

    /** Nobody claims the topics who had not reason to: so whoever does has them. Where nobody does, a process that had lost them wrote late, and what this one wrote counts. */
    private void look() throws InterruptedException {
        long until = state.strangers();
        var values = state.read();
        var others = others(values);
        if (!others.isEmpty() || !values.containsKey(KEY + instance)) {
            if (!held) {
                // Given back meanwhile.
                throw lost();
            }
            lostTo = others.isEmpty() ? "by somebody who has ended since, or the topic in which capture remembers is another one" : "by " + others.values().iterator().next() + ", while this process said nothing for longer than " + GONE.toSeconds() + " s or had lost its lock";
            withdraw();
            throw lost();
        }
        state.insist(values);
        looked = until;
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

    private void keep(Loop loop) throws InterruptedException {
        while (true) {
            Thread.sleep(SIGN);
            loop.beat();
            if (held) {
                try {
                    signLater();
                } catch (SendException | LockLostException e) {
                    // Whoever writes next is told, and asks again.
                    LOG.debug(e.getMessage());
                }
            }
        }
    }

    private synchronized void signLater() throws InterruptedException {
        if (held) {
            sign();
        }
    }

    /** Gives the topics back, where they are held; waits a moment for Kafka to have that, and for nobody who waits for Kafka. */
    public void release() {
        if (!held) {
            lostTo = null;
            return;
        }
        held = false;
        leaving = Thread.ofVirtual().name("leaving " + sourceName).start(this::leave);
        try {
            leaving.join(LONGEST_RELEASE);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void leave() {
        try {
            state.await(withdraw());
        } catch (SendException e) {
            LOG.debugf("Kafka was not told that this process has ended with the source %s: %s", sourceName, e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Says that this process does not have the topics. A failure is not told: then the claim is silent from here on. */
    private Future<?> withdraw() {
        synchronized (order) {
            held = false;
            return state.send(KEY + instance, null, null);
        }
    }

    /** Ends the signs. */
    @Override
    public void close() {
        keeper.interrupt();
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
            throw new SendException("What another capture says of itself cannot be read, a newer version may have written it: " + e.getOriginalMessage() + ". Nothing is written before it is known who has the topics", e);
        }
    }
}
