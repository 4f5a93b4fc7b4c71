package io.millrace.denormalizer.join.lookup;

import io.millrace.denormalizer.join.state.Entry;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Piece;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import io.millrace.values.row.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/** This partition's copy of the rows that its documents' references lead to, of tables that are subscribed to. Not thread-safe. */
final class SubscribedRows {

    private final KeyValueStore<Bytes, byte[]> store;
    private final Graves graves;
    private final Floors floors;

    SubscribedRows(KeyValueStore<Bytes, byte[]> store, Graves graves, Floors floors) {
        this.store = store;
        this.graves = graves;
        this.floors = floors;
    }

    /** The newest row under a key that should be unique; null where there is none. */
    Found one(LookupIndex index, byte[] reference, byte[] key) {
        var stored = store.get(LookupKeys.subscribedRow(reference, key));
        var byId = stored == null ? null : found(index.table(), key, Entry.read(stored));
        return byId != null ? byId : LookupRows.newest(all(index, reference));
    }

    /** All rows under a key, in the order of their ids. */
    List<Found> all(LookupIndex index, byte[] reference) {
        var rows = new ArrayList<Found>();
        var prefix = LookupKeys.subscribedRows(reference);
        try (var all = store.prefixScan(prefix, Stores.BYTES)) {
            while (all.hasNext()) {
                var next = all.next();
                var found = found(index.table(), Kind.from(next.key, prefix.get().length), Entry.read(next.value));
                if (found != null) {
                    rows.add(found);
                }
            }
        }
        return rows;
    }

    private static Found found(TablePlan table, byte[] rowId, Entry entry) {
        return entry.row() == null ? null : new Found(rowId, entry.position(), new Row(entry.row(), table.columns().size()));
    }

    /** An older state of a row is dropped, an equal one counts as a change: what followed from it may be lost. A home that has not heard of a truncate yet tells what is gone. */
    boolean take(byte[] reference, Position position, byte[] rowId, byte[] row) {
        if (row != null && floors.isBelow(LookupKeys.indexOf(reference), position)) {
            return false;
        }
        var at = LookupKeys.subscribedRow(reference, rowId);
        var stored = store.get(at);
        var before = stored == null ? null : Entry.read(stored);
        if (before != null && position.isBefore(before.position())) {
            return false;
        }
        graves.put(at, new Entry(position, row));
        return before == null ? row != null : before.position().equals(position) || floors.isBelow(LookupKeys.indexOf(reference), before.position()) || !Arrays.equals(before.row(), row);
    }

    /** Nothing refers to them any more. */
    void forget(byte[] reference) {
        var rows = new ArrayList<Bytes>();
        try (var all = store.prefixScan(LookupKeys.subscribedRows(reference), Stores.BYTES)) {
            while (all.hasNext()) {
                rows.add(all.next().key);
            }
        }
        rows.forEach(store::delete);
    }

    /**
     * Some of the rows under an index that truncates took away.
     *
     * @param from where to go on, null at the beginning
     */
    Piece older(LookupIndex index, Truncated truncated, Bytes from, int most) {
        var piece = Piece.of(store, LookupKeys.subscribedRows(index.id()), from, most);
        piece.entries().removeIf(next -> {
            var entry = Entry.read(next.value);
            return !truncated.took(entry.position(), entry.row() != null);
        });
        return piece;
    }

    /** A stub stays, for a restart to find. */
    void takeAway(Bytes row, Position floor) {
        graves.put(row, new Entry(floor, null));
    }
}
