package io.millrace.denormalizer.join.lookup;

import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.message.Sender;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Entry;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Piece;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The references that this partition's documents hold to tables that are subscribed to. A reference is in one of three states, which is stored, or in none:
 *
 * <ul>
 * <li><b>asked</b>: its home was asked and has not answered. What is asked is asked again in every life of the task, and now and then, until the answer comes
 * <li><b>subscribed</b>: its home has answered and tells every change
 * <li><b>left</b>: no document holds it any more. Its home is told so once that is committed, for after that no crash can bring the subscription back
 * </ul>
 *
 * <p>Each time a reference is taken up it is asked for under another nonce, so that an answer to what was given up is no answer. What is asked because of
 * a record has the same nonce when that record is replayed: the answer then stands behind it, and makes the documents that it made. Not thread-safe.
 */
public final class Subscriptions implements LookupRows {

    private static final Duration SOONEST_REPEAT = Duration.ofSeconds(10);
    private static final Duration LATEST_REPEAT = Duration.ofMinutes(5);
    /** Handled at a time. */
    private static final int MOST = 1_000;
    private static final int MOST_LEAVING = 10_000;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final SubscribedRows rows;
    private final int partition;
    private final LongSupplier millis;
    private final Sender send;
    /** A document that holds the reference, for those that were lately asked for one: as long as it does, no other need be looked for. */
    private final Map<Bytes, byte[]> holders = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, byte[]> eldest) {
            return size() > MOST;
        }
    };
    private int asked;
    private int left;
    /** What was left lately, in that order, as far as there is room. */
    private final ArrayDeque<Left> leaving = new ArrayDeque<>();
    /** When all that was left was looked through. */
    private long looked;
    /** Where the walk over what is asked goes on; null where none is under way. */
    private Bytes repeatFrom;
    private long repeatAt;
    private Duration pause;
    private boolean hasRepeated;

    /**
     * @param partition this one
     * @param millis the time, as the task has it
     */
    public Subscriptions(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Graves graves, Floors floors, int partition, LongSupplier millis, Sender send) {
        this.store = store;
        this.clock = clock;
        this.rows = new SubscribedRows(store, graves, floors);
        this.partition = partition;
        this.millis = millis;
        this.send = send;
        looked = clock.stamp();
        try (var all = store.prefixScan(LookupKeys.asked(), Stores.BYTES)) {
            for (; all.hasNext(); all.next()) {
                asked++;
            }
        }
        var again = new ArrayList<Bytes>();
        try (var all = store.prefixScan(LookupKeys.left(), Stores.BYTES)) {
            while (all.hasNext()) {
                again.add(all.next().key);
            }
        }
        // Whether what an earlier life left is committed cannot be told; what this one stores will be.
        for (var key : again) {
            leave(Kind.from(key, 1), nonce(store.get(key)));
        }
        pause = asked > 0 ? Duration.ZERO : SOONEST_REPEAT;
        repeatAt = millis.getAsLong() + pause.toMillis();
    }

    private record Left(byte[] reference, long stamp) {}

    private void leave(byte[] reference, long nonce) {
        long stamp = clock.stamp();
        store.put(LookupKeys.left(reference), new ByteWriter(16).putLong(nonce).putLong(stamp).toBytes());
        left++;
        if (leaving.size() < MOST_LEAVING) {
            leaving.add(new Left(reference, stamp));
        }
    }

    /** Every stored state begins with the nonce. */
    private static long nonce(byte[] state) {
        return new ByteReader(state).getLong();
    }

    /** How many references wait for an answer. */
    public int asked() {
        return asked;
    }

    public boolean isAsked(byte[] reference) {
        return store.get(LookupKeys.asked(reference)) != null;
    }

    @Override
    public Position mark(LookupIndex index, byte[] reference, byte[] key) {
        return mark(reference);
    }

    /** The highest position of what left a reference; null where its home has not answered. */
    Position mark(byte[] reference) {
        var state = store.get(LookupKeys.subscribed(reference));
        return state == null ? null : mark(new ByteReader(state, Long.BYTES));
    }

    private static Position mark(ByteReader in) {
        return new Position(in.getLong(), in.getLong());
    }

    private void subscribe(byte[] reference, long nonce, Position mark) {
        store.put(LookupKeys.subscribed(reference), new ByteWriter(Long.BYTES + Position.SIZE).putLong(nonce).putLong(mark.commit()).putLong(mark.lsn()).toBytes());
    }

    @Override
    public Found one(LookupIndex index, byte[] reference, byte[] key) {
        return rows.one(index, reference, key);
    }

    @Override
    public List<Found> all(LookupIndex index, byte[] reference, byte[] key) {
        return rows.all(index, reference);
    }

    /** A document holds the reference. Its home is asked where it was not yet. */
    public void hold(byte[] reference, Change change) {
        if (store.get(LookupKeys.subscribed(reference)) != null || isAsked(reference)) {
            return;
        }
        if (store.get(LookupKeys.left(reference)) != null) {
            store.delete(LookupKeys.left(reference));
            left--;
        }
        long nonce = change.isOfRecord() ? change.offset() : ThreadLocalRandom.current().nextLong(Long.MIN_VALUE, 0);
        store.put(LookupKeys.asked(reference), new ByteWriter(16).putLong(nonce).putLong(millis.getAsLong()).toBytes());
        asked++;
        send.send(reference, new Message.Subscribe(partition, nonce), change.cause());
    }

    /**
     * A document does not hold the reference any more, and is no longer among those that lead back from it.
     *
     * @return whether nobody does; then what it led to is forgotten
     */
    public boolean drop(byte[] reference, byte[] rootKey) {
        if (isHeld(reference, rootKey)) {
            return false;
        }
        var question = store.get(LookupKeys.asked(reference));
        if (question != null) {
            store.delete(LookupKeys.asked(reference));
            asked--;
        }
        var subscription = store.get(LookupKeys.subscribed(reference));
        if (subscription != null) {
            store.delete(LookupKeys.subscribed(reference));
        }
        if (question != null || subscription != null) {
            leave(reference, nonce(question == null ? subscription : question));
        }
        rows.forget(reference);
        return true;
    }

    /** Deletes lie where others held the reference, and cost time to pass: so one holder is remembered, and the next looked for behind it. */
    private boolean isHeld(byte[] reference, byte[] leaver) {
        var key = Bytes.wrap(reference);
        var known = holders.get(key);
        if (known != null && !Arrays.equals(known, leaver)) {
            return true;
        }
        var next = known == null ? null : holder(reference, known);
        var holder = next == null ? holder(reference, Stores.NONE) : next;
        if (holder == null) {
            holders.remove(key);
        } else {
            holders.put(key, holder);
        }
        return holder != null;
    }

    private byte[] holder(byte[] reference, byte[] from) {
        var prefix = LookupKeys.referrer(reference, Stores.NONE).get();
        try (var all = store.range(LookupKeys.referrer(reference, from), Bytes.wrap(Piece.behind(prefix)))) {
            var first = all.hasNext() ? all.next().key.get() : null;
            return first == null || !Arrays.equals(first, 0, Math.min(first.length, prefix.length), prefix, 0, prefix.length) ? null : Arrays.copyOfRange(first, prefix.length, first.length);
        }
    }

    /**
     * Takes in what a home answered, or a piece of it.
     *
     * @return whether documents may now be other than before
     */
    public boolean answered(byte[] reference, Message.Answer answer) {
        var state = store.get(LookupKeys.asked(reference));
        boolean isFirst = state != null;
        if (!isFirst) {
            state = store.get(LookupKeys.subscribed(reference));
        }
        if (state == null || nonce(state) != answer.nonce()) {
            return false;
        }
        for (var row : answer.rows()) {
            rows.take(reference, row.position(), row.rowId(), row.row());
        }
        if (!answer.isLast()) {
            return false;
        }
        subscribe(reference, answer.nonce(), isFirst ? answer.position() : answer.position().max(mark(reference)));
        if (isFirst) {
            store.delete(LookupKeys.asked(reference));
            asked--;
        }
        return true;
    }

    /**
     * Takes in a change that a home tells.
     *
     * @return whether documents may now be other than before
     */
    public boolean noticed(byte[] reference, Message.Notice notice, Headers cause) {
        var state = store.get(LookupKeys.subscribed(reference));
        if (state == null) {
            if (!isAsked(reference) && store.get(LookupKeys.left(reference)) == null) {
                // A crash has undone a subscription here that had got through to its home.
                send.send(reference, new Message.Unsubscribe(partition, notice.nonce()), cause);
            }
            return false;
        }
        boolean changed = rows.take(reference, notice.position(), notice.rowId(), notice.row());
        if (changed && notice.row() == null && mark(reference).isBefore(notice.position())) {
            subscribe(reference, nonce(state), notice.position());
        }
        return changed;
    }

    /**
     * Some of the rows under an index that truncates took away.
     *
     * @param from where to go on, null at the beginning
     */
    Piece older(LookupIndex index, Truncated truncated, Bytes from, int most) {
        return rows.older(index, truncated, from, most);
    }

    /**
     * Takes away a row that a truncate took away.
     *
     * @return the reference that led to it; null where none does any more
     */
    byte[] takeAway(Bytes row, Position floor) {
        rows.takeAway(row, floor);
        var reference = held(row, Kind.SUBSCRIBED);
        if (reference == null) {
            return held(row, Kind.ASKED);
        }
        var state = store.get(LookupKeys.subscribed(reference));
        if (mark(new ByteReader(state, Long.BYTES)).isBefore(floor)) {
            subscribe(reference, nonce(state), floor);
        }
        return reference;
    }

    /** The reference in a row's key, if it is in this state. No reference is the beginning of another, so it is the last that is not behind the row. */
    private byte[] held(Bytes row, int state) {
        try (var before = store.reverseRange(LookupKeys.as(state, Bytes.wrap(Arrays.copyOf(row.get(), 3))), LookupKeys.as(state, row))) {
            var last = before.hasNext() ? before.next().key : null;
            return last != null && Piece.beginsWith(LookupKeys.as(state, row).get(), last.get()) ? Kind.from(last, 1) : null;
        }
    }

    /** Asks again for what is not answered, and tells the homes of what nobody holds any more. */
    public void work() {
        while (!leaving.isEmpty() && clock.isCommitted(leaving.getFirst().stamp)) {
            var first = leaving.removeFirst();
            var state = store.get(LookupKeys.left(first.reference));
            if (state != null && stamp(state) == first.stamp) {
                unsubscribe(first.reference, nonce(state));
            }
        }
        if (left > 0 && leaving.isEmpty() && clock.isCommitted(looked)) {
            unsubscribeSome();
        }
        long now = millis.getAsLong();
        if (asked == 0) {
            pause = SOONEST_REPEAT;
            repeatAt = now + pause.toMillis();
            repeatFrom = null;
        } else if (now >= repeatAt) {
            repeat(now);
        }
    }

    /** Whether {@link #work} has nothing to do before the next record. */
    public boolean isSettled() {
        return asked == 0 && left == 0 && leaving.isEmpty();
    }

    private static long stamp(byte[] state) {
        return new ByteReader(state, Long.BYTES).getLong();
    }

    private void unsubscribe(byte[] reference, long nonce) {
        send.send(reference, new Message.Unsubscribe(partition, nonce), new RecordHeaders());
        store.delete(LookupKeys.left(reference));
        left--;
    }

    /** Of what there was no room to remember. */
    private void unsubscribeSome() {
        record Gone(byte[] reference, long nonce) {}
        var gone = new ArrayList<Gone>();
        int seen = 0;
        try (var all = store.prefixScan(LookupKeys.left(), Stores.BYTES)) {
            while (all.hasNext() && gone.size() < MOST) {
                var next = all.next();
                seen++;
                if (clock.isCommitted(stamp(next.value))) {
                    gone.add(new Gone(Kind.from(next.key, 1), nonce(next.value)));
                }
            }
        }
        if (gone.size() < MOST) {
            left = seen;
            looked = clock.stamp();
        }
        gone.forEach(g -> unsubscribe(g.reference, g.nonce));
    }

    /** One step of a walk over everything that is asked; at once in a new life, then seldom, for an answer may only be slow. */
    private void repeat(long now) {
        var from = repeatFrom == null ? LookupKeys.asked() : repeatFrom;
        repeatFrom = null;
        int count = 0;
        try (var all = store.range(from, LookupKeys.behindAsked())) {
            while (all.hasNext()) {
                var next = all.next();
                if (++count > MOST) {
                    repeatFrom = next.key;
                    return;
                }
                var in = new ByteReader(next.value);
                long nonce = in.getLong();
                if (now - in.getLong() >= pause.toMillis()) {
                    send.send(Kind.from(next.key, 1), new Message.Subscribe(partition, nonce), new RecordHeaders());
                    hasRepeated = true;
                }
            }
        }
        pause = !hasRepeated || pause.isZero() ? SOONEST_REPEAT : pause.multipliedBy(2).compareTo(LATEST_REPEAT) < 0 ? pause.multipliedBy(2) : LATEST_REPEAT;
        hasRepeated = false;
        repeatAt = now + pause.toMillis();
    }
}
