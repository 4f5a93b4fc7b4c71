package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Which tables somebody has locked, so that values of their rows cannot be read. One that stays so for long keeps no other waiting. Not thread-safe. */
final class LockedTables {

    /** How long is waited for one. */
    static final Duration LONGEST = Duration.ofSeconds(60);
    /** One that was waited for in vain is asked for again so often at most. */
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final Map<TableName, Lock> locked = new HashMap<>();
    private final LongSupplier nanos;

    /**
     * @param since when the first question was asked that had no answer
     * @param asked when the last one was given up
     * @param by who has the table locked
     */
    private record Lock(long since, long asked, String by) {}

    /** @param nanos the time, as {@link System#nanoTime()} has it */
    LockedTables(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * A question had no answer.
     *
     * @param began when it was asked, by {@link System#nanoTime()}
     * @param by who has the table locked
     */
    void found(TableName table, long began, String by) {
        var before = locked.get(table);
        boolean same = before != null && began - before.asked <= LONGEST.toNanos();
        locked.put(table, new Lock(same ? before.since : began, nanos.getAsLong(), by));
    }

    /** A question had an answer. */
    void freed(TableName table) {
        locked.remove(table);
    }

    /** Whether it has been waited for in vain. */
    boolean isGivenUp(TableName table) {
        var lock = locked.get(table);
        return lock != null && lock.asked - lock.since > LONGEST.toNanos();
    }

    /** Whether it has been waited for in vain, and was asked for a moment ago. */
    boolean rests(TableName table) {
        return isGivenUp(table) && nanos.getAsLong() - locked.get(table).asked < PAUSE.toNanos();
    }

    /** Who has it locked. */
    String by(TableName table) {
        return locked.get(table).by;
    }
}
