package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.denormalizer.row.ByteWriter;
import io.millrace.denormalizer.row.KeyEncoding;
import io.millrace.denormalizer.row.Row;
import io.millrace.pipeline.record.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SequencedSet;
import java.util.LinkedHashSet;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * This partition's copy of the look-up tables.
 *
 * <p>A row whose index key equals its own id needs no index entry: it is found by its id. The position of a row that left
 * an index key stays as the key's mark, so that what shows the key's rows can never get a lower version.
 */
final class Lookups {

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final ByteWriter scratch = new ByteWriter(256);

    Lookups(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock) {
        this.store = store;
        this.clock = clock;
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
        if (before != null && position.isBefore(before.position()) || content != null && position.isBefore(floor(table))) {
            return changed;
        }
        boolean again = before != null && position.equals(before.position());
        boolean same = before != null && before.isPresent() && Arrays.equals(before.content(), content);
        var after = Image.after(before, position, content, same || again || before == null ? null : before.content(), clock);
        store.put(at, after.toBytes());
        if (same && !again) {
            return changed;
        }
        var row = content == null ? null : new Row(content, table.columns().size());
        for (var index : table.indexes()) {
            var key = row == null ? null : KeyEncoding.key(row, index.columns(), scratch);
            for (var former : after.formers()) {
                left(index, rowId, KeyEncoding.key(new Row(former.content(), table.columns().size()), index.columns(), scratch), key, position, changed);
            }
            if (key != null) {
                if (!Arrays.equals(key, rowId)) {
                    store.put(Keys.lookupIndex(index.id(), key, rowId), Stores.NONE);
                }
                changed.add(Bytes.wrap(Keys.reference(index.id(), key)));
            }
        }
        return changed;
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
        changed.add(Bytes.wrap(Keys.reference(index.id(), old)));
    }

    private static Position position(byte[] stored) {
        return stored == null ? Position.NONE : Position.of(stored);
    }

    /** Rows older than this are gone. */
    Position floor(TablePlan table) {
        return position(store.get(Keys.floor(table.id())));
    }

    void raiseFloor(TablePlan table, Position to) {
        store.put(Keys.floor(table.id()), to.toBytes());
    }

    /** The ids of the rows that are older than a position, or went at it. */
    List<byte[]> olderThan(TablePlan table, Position position) {
        var ids = new ArrayList<byte[]>();
        try (var all = store.prefixScan(Keys.lookupRows(table.id()), Stores.BYTES)) {
            while (all.hasNext()) {
                var next = all.next();
                var image = Image.read(next.value);
                if (image.isPresent() && image.position().isBefore(position) || image.position().equals(position)) {
                    ids.add(Keys.from(next.key, 3));
                }
            }
        }
        return ids;
    }

    /** The highest position of what left an index key. */
    Position mark(int index, byte[] key) {
        return position(store.get(Keys.lookupMark(index, key)));
    }

    /** The newest row under a key that should be unique; null where there is none. */
    Found one(LookupIndex index, byte[] key) {
        var byId = byId(index, key);
        if (byId != null) {
            return byId;
        }
        Found newest = null;
        for (var found : indexed(index, key)) {
            newest = newest == null || newest.position.isBefore(found.position) ? found : newest;
        }
        return newest;
    }

    /** All rows under a key, in the order of their ids. */
    List<Found> all(LookupIndex index, byte[] key) {
        var found = indexed(index, key);
        var byId = byId(index, key);
        if (byId != null) {
            found.add(byId);
            found.sort((a, b) -> Arrays.compareUnsigned(a.rowId, b.rowId));
        }
        return found;
    }

    /** The highest position behind a reference: of its rows and of what left it. */
    Position behind(byte[] reference, List<LookupIndex> indexes) {
        int id = (reference[0] & 0xFF) << 8 | reference[1] & 0xFF;
        var key = Arrays.copyOfRange(reference, 2, reference.length);
        var position = mark(id, key);
        for (var found : all(indexes.get(id), key)) {
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
