package io.millrace.denormalizer.join.lookup;

import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedSet;
import org.apache.kafka.common.utils.Bytes;

/** What documents look up, wherever a table's rows come from. What references led to lately stays in memory, decoded. Not thread-safe. */
public final class Lookups {

    private final Broadcast broadcast;
    private final Subscriptions subscribed;
    /** What references led to lately, the least used first. */
    private final LinkedHashMap<Bytes, Known> cache = new LinkedHashMap<>(1024, 0.75f, true);
    private final long mostBytes;
    private long bytes;

    /** @param cacheBytes of memory for what documents referred to lately */
    public Lookups(Broadcast broadcast, Subscriptions subscribed, long cacheBytes) {
        this.broadcast = broadcast;
        this.subscribed = subscribed;
        this.mostBytes = cacheBytes;
    }

    /**
     * What a reference leads to, as far as somebody has asked.
     *
     * @param mark null where nobody has asked for it
     * @param isLooked whether it is known what one is, null included
     */
    private record Known(Position mark, boolean isLooked, Found one) {

        /** Of the objects that make up an entry, about. */
        private static final int OVERHEAD = 200;

        private int bytes(Bytes reference) {
            return OVERHEAD + reference.get().length + (one == null ? 0 : one.rowId().length + one.row().bytes().length + Integer.BYTES * one.row().columns());
        }
    }

    private LookupRows rows(LookupIndex index) {
        return index.table().isSubscribed() ? subscribed : broadcast;
    }

    /**
     * Takes in a row of a table that is broadcast.
     *
     * @return the references whose result may have changed; empty where nothing did
     */
    public SequencedSet<Bytes> take(TablePlan table, byte[] rowId, Position position, byte[] content) {
        var taken = broadcast.take(table, rowId, position, content);
        taken.references().forEach(this::forget);
        return taken.isShown() ? taken.references() : Collections.emptyNavigableSet();
    }

    /**
     * Takes away some of the rows that a truncate took away. The marks of the keys that they had say so.
     *
     * @param from where to go on, null at the beginning
     * @return where to go on then, null at the end
     */
    public Bytes truncate(TablePlan table, Truncated truncated, Bytes from, int most) {
        var piece = broadcast.older(table, truncated, from, most);
        piece.entries().forEach(entry -> take(table, LookupKeys.rowIdOf(entry.key), truncated.last(), null));
        return piece.next();
    }

    /** As above, for what this partition knows of a table that is subscribed to, under an index. */
    public Bytes truncate(LookupIndex index, Truncated truncated, Bytes from, int most) {
        var piece = subscribed.older(index, truncated, from, most);
        for (var entry : piece.entries()) {
            var reference = subscribed.takeAway(entry.key, truncated.last());
            if (reference != null) {
                forget(Bytes.wrap(reference));
            }
        }
        return piece.next();
    }

    /** What the reference led to has changed. */
    public void forget(Bytes reference) {
        var known = cache.remove(reference);
        bytes -= known == null ? 0 : known.bytes(reference);
    }

    /**
     * The highest position of what left an index key; null where it is not known yet what the key leads to.
     *
     * @param reference to the key, in the index
     */
    public Position mark(Bytes reference, LookupIndex index, byte[] key) {
        var known = cache.get(reference);
        if (known != null && known.mark != null) {
            return known.mark;
        }
        var mark = rows(index).mark(index, reference.get(), key);
        if (mark == null) {
            return null;
        }
        keep(reference, new Known(mark, known != null && known.isLooked, known == null ? null : known.one), known);
        return mark;
    }

    /**
     * The newest row under a key that should be unique; null where there is none.
     *
     * @param reference to the key, in the index
     */
    public Found one(Bytes reference, LookupIndex index, byte[] key) {
        var known = cache.get(reference);
        if (known != null && known.isLooked) {
            return known.one;
        }
        var one = rows(index).one(index, reference.get(), key);
        keep(reference, new Known(known == null ? null : known.mark, true, one), known);
        return one;
    }

    private void keep(Bytes reference, Known known, Known before) {
        cache.put(reference, known);
        bytes += known.bytes(reference) - (before == null ? 0 : before.bytes(reference));
        while (bytes > mostBytes && !cache.isEmpty()) {
            var eldest = cache.pollFirstEntry();
            bytes -= eldest.getValue().bytes(eldest.getKey());
        }
    }

    /** All rows under a key, in the order of their ids. */
    public List<Found> all(Bytes reference, LookupIndex index, byte[] key) {
        return rows(index).all(index, reference.get(), key);
    }

    /** The highest position behind a reference: of its rows and of what left it, as far as they are known. */
    public Position behind(Bytes reference, LookupIndex index) {
        var key = LookupKeys.keyOf(reference.get());
        var mark = mark(reference, index, key);
        var position = mark == null ? Position.NONE : mark;
        for (var found : all(reference, index, key)) {
            position = position.max(found.position());
        }
        return position;
    }
}
