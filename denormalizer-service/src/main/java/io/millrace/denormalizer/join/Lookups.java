package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * What this partition knows of the look-up tables: the whole of those that are broadcast, and what it has subscribed to of the others.
 *
 * <p>A row whose index key equals its own id needs no index entry: it is found by its id. The position of a row that left
 * an index key stays as the key's mark, so that what shows the key's rows can never get a lower version.
 */
final class Lookups {

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Graves graves;
    private final Floors floors;
    private final Subscriptions subscriptions;
    private final ByteWriter scratch = new ByteWriter(256);
    /** What references led to lately, the least used first. */
    private final LinkedHashMap<Bytes, Known> cache = new LinkedHashMap<>(1024, 0.75f, true);
    private final long mostBytes;
    private long bytes;

    /** @param cacheBytes of memory for what documents referred to lately */
    Lookups(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Graves graves, Floors floors, Subscriptions subscriptions, long cacheBytes) {
        this.floors = floors;
        this.subscriptions = subscriptions;
        this.store = store;
        this.clock = clock;
        this.graves = graves;
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
            return OVERHEAD + reference.get().length + (one == null ? 0 : one.rowId.length + one.row.bytes().length + Integer.BYTES * one.row.columns());
        }
    }

    /** A row that a look-up found. */
    record Found(byte[] rowId, Position position, Row row) {}

    /**
     * Takes in a row.
     *
     * @return the references whose result may have changed; empty where nothing did
     */
    SequencedSet<Bytes> apply(TablePlan table, byte[] rowId, Position position, byte[] content) {
        var changed = new LinkedHashSet<Bytes>();
        var at = Keys.lookupRow(table.id(), rowId);
        var before = Image.read(store.get(at));
        if (before != null && position.isBefore(before.position()) || content != null && floors.isBelow(table, position)) {
            return changed;
        }
        boolean again = before != null && position.equals(before.position());
        boolean same = before != null && before.isPresent() && Arrays.equals(before.content(), content);
        var after = Image.after(before, position, content, same || again || before == null ? null : before.content(), clock);
        var stored = after.toBytes();
        store.put(at, stored);
        if (content == null) {
            graves.add(at, stored);
        }
        var row = content == null ? null : new Row(content, table.columns().size());
        if (same && !again) {
            table.indexes().forEach(i -> forget(i, KeyEncoding.key(row, i.columns(), scratch)));
            return changed;
        }
        for (var index : table.indexes()) {
            var key = row == null ? null : KeyEncoding.key(row, index.columns(), scratch);
            for (var former : after.formers()) {
                left(index, rowId, KeyEncoding.key(new Row(former.content(), table.columns().size()), index.columns(), scratch), key, position, changed);
            }
            if (key != null) {
                if (!Arrays.equals(key, rowId)) {
                    store.put(Keys.lookupIndex(index.id(), key, rowId), Stores.NONE);
                }
                changed.add(forget(index, key));
            }
        }
        return changed;
    }

    /** What the key led to has changed. */
    private Bytes forget(LookupIndex index, byte[] key) {
        if (key == null) {
            return null;
        }
        var reference = Bytes.wrap(Keys.reference(index.id(), key));
        forget(reference);
        return reference;
    }

    /** What the reference led to has changed. */
    void forget(Bytes reference) {
        var known = cache.remove(reference);
        bytes -= known == null ? 0 : known.bytes(reference);
    }

    private void left(LookupIndex index, byte[] rowId, byte[] old, byte[] key, Position position, SequencedSet<Bytes> changed) {
        if (old == null || Arrays.equals(old, key)) {
            return;
        }
        if (!Arrays.equals(old, rowId)) {
            store.delete(Keys.lookupIndex(index.id(), old, rowId));
        }
        var mark = Keys.lookupMark(index.id(), old);
        store.put(mark, position(store.get(mark)).max(position).toBytes());
        changed.add(forget(index, old));
    }

    private static Position position(byte[] stored) {
        return stored == null ? Position.NONE : Position.of(stored);
    }

    /**
     * Takes away some of the rows that a truncate took away. The marks of the keys that they had say so.
     *
     * @param from where to go on, null at the beginning
     * @return where to go on then, null at the end
     */
    Bytes truncate(TablePlan table, Position floor, Bytes from, int most) {
        var piece = Piece.of(store, Keys.lookupRows(table.id()), from, most);
        for (var entry : piece.entries()) {
            var image = Image.read(entry.value);
            if (image.isPresent() && image.position().isBefore(floor) || image.position().equals(floor)) {
                apply(table, Keys.from(entry.key, 3), floor, null);
            }
        }
        return piece.next();
    }

    /**
     * The highest position of what left an index key; null where it is not known yet what the key leads to.
     *
     * @param reference to the key, in the index
     */
    Position mark(Bytes reference, LookupIndex index, byte[] key) {
        var known = cache.get(reference);
        if (known != null && known.mark != null) {
            return known.mark;
        }
        var mark = index.table().isSubscribed() ? subscriptions.mark(reference.get()) : position(store.get(Keys.lookupMark(index.id(), key)));
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
    Found one(Bytes reference, LookupIndex index, byte[] key) {
        var known = cache.get(reference);
        if (known != null && known.isLooked) {
            return known.one;
        }
        var one = look(index, key);
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

    private Found look(LookupIndex index, byte[] key) {
        boolean isSubscribed = index.table().isSubscribed();
        var byId = isSubscribed ? subscriptions.row(index.table(), Keys.reference(index.id(), key), key) : byId(index, key);
        if (byId != null) {
            return byId;
        }
        Found newest = null;
        for (var found : isSubscribed ? all(index, key) : indexed(index, key)) {
            newest = newest == null || newest.position.isBefore(found.position) ? found : newest;
        }
        return newest;
    }

    /** All rows under a key, in the order of their ids. */
    List<Found> all(LookupIndex index, byte[] key) {
        if (index.table().isSubscribed()) {
            return subscriptions.rows(index.table(), Keys.reference(index.id(), key));
        }
        var found = indexed(index, key);
        var byId = byId(index, key);
        if (byId != null) {
            found.add(byId);
            found.sort((a, b) -> Arrays.compareUnsigned(a.rowId, b.rowId));
        }
        return found;
    }

    /** The highest position behind a reference: of its rows and of what left it, as far as they are known. */
    Position behind(byte[] reference, LookupIndex index) {
        var key = Keys.keyOf(reference);
        var mark = mark(Bytes.wrap(reference), index, key);
        var position = mark == null ? Position.NONE : mark;
        for (var found : all(index, key)) {
            position = position.max(found.position);
        }
        return position;
    }

    private Found byId(LookupIndex index, byte[] key) {
        var found = row(index.table(), key);
        return found != null && Arrays.equals(key, KeyEncoding.key(found.row, index.columns(), scratch)) ? found : null;
    }

    private List<Found> indexed(LookupIndex index, byte[] key) {
        var rows = new ArrayList<Found>();
        var prefix = Keys.lookupIndex(index.id(), key, Stores.NONE);
        try (var ids = store.prefixScan(prefix, Stores.BYTES)) {
            while (ids.hasNext()) {
                var found = row(index.table(), Keys.from(ids.next().key, prefix.get().length));
                if (found != null) {
                    rows.add(found);
                }
            }
        }
        return rows;
    }

    private Found row(TablePlan table, byte[] rowId) {
        var image = Image.read(store.get(Keys.lookupRow(table.id(), rowId)));
        return image == null || !image.isPresent() ? null : new Found(rowId, image.position(), new Row(image.content(), table.columns().size()));
    }
}
