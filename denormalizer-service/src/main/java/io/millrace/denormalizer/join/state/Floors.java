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
 * The position of each table's last truncate, its floor: rows that are older are gone. A floor is owed as long as such rows are still stored. Not thread-safe.
 */
public final class Floors {

    private static final int OWED = 1;

    private final KeyValueStore<Bytes, byte[]> store;
    private final IntFunction<Bytes> key;
    private final Position[] floors;
    private Position highest = Position.NONE;

    /** @param key under which a table's floor is stored */
    public Floors(Plan plan, KeyValueStore<Bytes, byte[]> store, IntFunction<Bytes> key) {
        this.store = store;
        this.key = key;
        floors = new Position[plan.tables().size()];
        for (int table = 0; table < floors.length; table++) {
            var stored = store.get(key.apply(table));
            floors[table] = stored == null ? Position.NONE : Position.of(Arrays.copyOf(stored, Position.SIZE));
            highest = highest.max(floors[table]);
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

    public void raise(TablePlan table, Position to) {
        take(table, to);
        store.put(key.apply(table.id()), to.toBytes());
    }

    /** @param why comes back from {@link #owed}, over restarts, until {@link #settle} */
    public void raiseOwed(TablePlan table, Position to, byte[] why) {
        take(table, to);
        store.put(key.apply(table.id()), new ByteWriter(Position.SIZE + 1 + why.length).put(to.toBytes()).put(OWED).put(why).toBytes());
    }

    private void take(TablePlan table, Position to) {
        floors[table.id()] = to;
        highest = highest.max(to);
    }

    /** What was told of a floor that is owed; null for one that is not. */
    public byte[] owed(TablePlan table) {
        var stored = store.get(key.apply(table.id()));
        return stored == null || stored.length == Position.SIZE ? null : Arrays.copyOfRange(stored, Position.SIZE + 1, stored.length);
    }

    /** No row below the floor is stored any more. */
    public void settle(TablePlan table) {
        raise(table, floors[table.id()]);
    }
}
