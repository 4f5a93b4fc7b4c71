package io.millrace.denormalizer.join.state;

import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The position of each table's last truncate, its floor: rows that are older are gone. A floor is owed as long as such rows are still stored, or documents that had some are not out. Not thread-safe.
 */
public final class Floors {

    /** As a version before wrote a floor that is owed: which earlier ones were, it did not know. */
    private static final int OWED = 1;
    private static final int OWED_SINCE = 2;

    private final Plan plan;
    private final KeyValueStore<Bytes, byte[]> store;
    private final IntFunction<Bytes> key;
    private final Position[] floors;
    /** Of each table the oldest truncate that is owed; null where none is. */
    private final Position[] first;
    private Position highest = Position.NONE;

    /** @param key under which a table's floor is stored */
    public Floors(Plan plan, KeyValueStore<Bytes, byte[]> store, IntFunction<Bytes> key) {
        this.plan = plan;
        this.store = store;
        this.key = key;
        floors = new Position[plan.tables().size()];
        first = new Position[floors.length];
        for (int table = 0; table < floors.length; table++) {
            var stored = store.get(key.apply(table));
            floors[table] = stored == null ? Position.NONE : Position.of(Arrays.copyOf(stored, Position.SIZE));
            highest = highest.max(floors[table]);
            if (stored != null && stored.length > Position.SIZE) {
                first[table] = stored[Position.SIZE] == OWED ? floors[table] : Position.of(Arrays.copyOfRange(stored, Position.SIZE + 1, 2 * Position.SIZE + 1));
            }
        }
    }

    /** {@link Position#NONE} for a table that was not truncated. */
    public Position of(TablePlan table) {
        return floors[table.id()];
    }

    /** Of all tables. */
    public Position highest() {
        return highest;
    }

    public boolean isBelow(TablePlan table, Position position) {
        return position.isBefore(floors[table.id()]);
    }

    /** Whether a row that was looked up by an index is gone. */
    public boolean isBelow(int index, Position position) {
        return isBelow(plan.indexes().get(index).table(), position);
    }

    public void raise(TablePlan table, Position to) {
        take(table, to);
        store.put(key.apply(table.id()), to.toBytes());
    }

    /** @param why comes back from {@link #owed}, over restarts, until {@link #settle} */
    public void raiseOwed(TablePlan table, Position to, byte[] why) {
        first[table.id()] = first[table.id()] == null ? to : first[table.id()];
        take(table, to);
        store.put(key.apply(table.id()),
                new ByteWriter(2 * Position.SIZE + 1 + why.length).put(to.toBytes()).put(OWED_SINCE).put(first[table.id()].toBytes()).put(why).toBytes());
    }

    private void take(TablePlan table, Position to) {
        floors[table.id()] = to;
        highest = highest.max(to);
    }

    /** What was told of a floor that is owed; null for one that is not. */
    public byte[] owed(TablePlan table) {
        var stored = first[table.id()] == null ? null : store.get(key.apply(table.id()));
        return stored == null ? null : Arrays.copyOfRange(stored, whyAt(stored), stored.length);
    }

    private static int whyAt(byte[] stored) {
        return Position.SIZE + 1 + (stored[Position.SIZE] == OWED ? 0 : Position.SIZE);
    }

    /** Those that are owed; only for a table of which one is. */
    public Truncated truncated(TablePlan table) {
        return new Truncated(first[table.id()], floors[table.id()]);
    }

    /** No row below the floor is stored any more. */
    public void settle(TablePlan table) {
        first[table.id()] = null;
        raise(table, floors[table.id()]);
    }
}
