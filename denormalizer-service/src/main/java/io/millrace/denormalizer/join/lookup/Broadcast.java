package io.millrace.denormalizer.join.lookup;

import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Image;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Piece;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The look-up tables that every partition has the whole of.
 *
 * <p>A row whose index key equals its own id needs no index entry: it is found by its id. The position of a row that left
 * an index key stays as the key's mark, so that what shows the key's rows can never get a lower version. Not thread-safe.
 */
public final class Broadcast implements LookupRows {

    private static final Taken NOTHING = new Taken(Collections.emptyNavigableSet(), false);

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Graves graves;
    private final Floors floors;
    private final ByteWriter scratch = new ByteWriter(256);
    /** Whether an index, by its id, has entries, as far as somebody has asked. */
    private final Map<Integer, Boolean> entered = new HashMap<>();

    public Broadcast(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Graves graves, Floors floors) {
        this.store = store;
        this.clock = clock;
        this.graves = graves;
        this.floors = floors;
    }

    /**
     * What a row has changed.
     *
     * @param references those behind which something is not as before
     * @param isShown whether that is more than the row's position
     */
    record Taken(SequencedSet<Bytes> references, boolean isShown) {}

    /** Takes in a row; {@code content} is null when it was deleted. */
    Taken take(TablePlan table, byte[] rowId, Position position, byte[] content) {
        var at = LookupKeys.row(table.id(), rowId);
        var before = Image.read(store.get(at));
        if (before != null && position.isBefore(before.position()) || content != null && floors.isBelow(table, position)) {
            return NOTHING;
        }
        if (before != null && !before.isPresent() && content == null) {
            // Of a truncate that follows another: what that one did may be lost.
            before = before.again(clock);
        }
        boolean again = before != null && position.equals(before.position());
        // Documents may be out without what is below the floor, of a life before that got further with the truncate.
        boolean same = before != null && before.isPresent() && !floors.isBelow(table, before.position()) && Arrays.equals(before.content(), content);
        var after = Image.after(before, position, content, same || again || before == null || !before.isPresent() ? null : table.joined(before.content()), clock);
        graves.put(at, after);
        var references = new LinkedHashSet<Bytes>();
        for (var index : table.indexes()) {
            var key = key(table, content, index);
            if (!same || again) {
                for (var former : after.formers()) {
                    leave(index, rowId, key(table, former.content(), index), key, position, references);
                }
                if (key != null && !Arrays.equals(key, rowId)) {
                    store.put(LookupKeys.index(index.id(), key, rowId), Stores.NONE);
                    entered.put(index.id(), true);
                }
            }
            if (key != null) {
                references.add(Bytes.wrap(LookupKeys.reference(index.id(), key)));
            }
        }
        return new Taken(references, !same || again);
    }

    private byte[] key(TablePlan table, byte[] content, LookupIndex index) {
        return content == null ? null : KeyEncoding.key(new Row(content, table.columns().size()), index.columns(), scratch);
    }

    private void leave(LookupIndex index, byte[] rowId, byte[] old, byte[] key, Position position, SequencedSet<Bytes> references) {
        if (old == null || Arrays.equals(old, key)) {
            return;
        }
        if (!Arrays.equals(old, rowId)) {
            store.delete(LookupKeys.index(index.id(), old, rowId));
        }
        store.put(LookupKeys.mark(index.id(), old), mark(index, old).max(position).toBytes());
        references.add(Bytes.wrap(LookupKeys.reference(index.id(), old)));
    }

    /**
     * Some of the rows that a truncate took away.
     *
     * @param from where to go on, null at the beginning
     */
    Piece older(TablePlan table, Truncated truncated, Bytes from, int most) {
        var piece = Piece.of(store, LookupKeys.rows(table.id()), from, most);
        piece.entries().removeIf(entry -> {
            var image = Image.read(entry.value);
            return !truncated.took(image.position(), image.isPresent());
        });
        return piece;
    }

    @Override
    public Position mark(LookupIndex index, byte[] reference, byte[] key) {
        return mark(index, key);
    }

    private Position mark(LookupIndex index, byte[] key) {
        var stored = store.get(LookupKeys.mark(index.id(), key));
        return stored == null ? Position.NONE : Position.of(stored);
    }

    @Override
    public Found one(LookupIndex index, byte[] reference, byte[] key) {
        var byId = byId(index, key);
        return byId != null ? byId : LookupRows.newest(indexed(index, key));
    }

    @Override
    public List<Found> all(LookupIndex index, byte[] reference, byte[] key) {
        var found = indexed(index, key);
        var byId = byId(index, key);
        if (byId != null) {
            found.add(byId);
            found.sort((a, b) -> Arrays.compareUnsigned(a.rowId(), b.rowId()));
        }
        return found;
    }

    private Found byId(LookupIndex index, byte[] key) {
        var found = row(index.table(), key);
        return found != null && Arrays.equals(key, KeyEncoding.key(found.row(), index.columns(), scratch)) ? found : null;
    }

    /**
     * An index by the table's own key has no entries, and is not searched: a search goes on to the next key that is there, past whatever was deleted in between, and behind an empty
     * index stand the ways back to documents, which go by the hundred thousand.
     */
    private boolean hasEntries(LookupIndex index) {
        return entered.computeIfAbsent(index.id(), id -> {
            try (var all = store.prefixScan(LookupKeys.index(id, Stores.NONE, Stores.NONE), Stores.BYTES)) {
                return all.hasNext();
            }
        });
    }

    private List<Found> indexed(LookupIndex index, byte[] key) {
        var rows = new ArrayList<Found>();
        if (!hasEntries(index)) {
            return rows;
        }
        var prefix = LookupKeys.index(index.id(), key, Stores.NONE);
        try (var ids = store.prefixScan(prefix, Stores.BYTES)) {
            while (ids.hasNext()) {
                var found = row(index.table(), Kind.from(ids.next().key, prefix.get().length));
                if (found != null) {
                    rows.add(found);
                }
            }
        }
        return rows;
    }

    private Found row(TablePlan table, byte[] rowId) {
        var image = Image.read(store.get(LookupKeys.row(table.id(), rowId)));
        return image == null || !image.isPresent() ? null : new Found(rowId, image.position(), new Row(image.content(), table.columns().size()));
    }
}
