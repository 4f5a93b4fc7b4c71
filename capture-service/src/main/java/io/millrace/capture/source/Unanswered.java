package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Tables of which values cannot be read for a while, because somebody has them locked or they are being altered. One that stays so for long keeps no other waiting. Not thread-safe. */
final class Unanswered {

    /** How long is waited for one. */
    static final Duration LONGEST = Duration.ofSeconds(60);
    /** One that was waited for in vain is asked for again so often at most. */
    private static final Duration PAUSE = Duration.ofMillis(100);

    /** An attempt takes no longer; what did was a process that was frozen meanwhile. */
    private static final Duration MOST_COUNTED = Duration.ofSeconds(15);

    private final Map<TableName, Wait> waits = new HashMap<>();
    private final LongSupplier nanos;

    /**
     * @param nanos how long an answer was waited for
     * @param asked when the last question was given up
     * @param why what hinders
     */
    private record Wait(long nanos, long asked, String why) {}

    /** @param nanos the time, as {@link System#nanoTime()} has it */
    Unanswered(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * A question had no answer.
     *
     * @param began when it was asked, by {@link System#nanoTime()}
     * @param why what hinders
     */
    void add(TableName table, long began, String why) {
        long now = nanos.getAsLong();
        var before = waits.get(table);
        boolean same = before != null && began - before.asked <= LONGEST.toNanos();
        waits.put(table, new Wait((same ? before.nanos : 0) + Math.min(now - (same ? before.asked : began), MOST_COUNTED.toNanos()), now, why));
    }

    /** A question had an answer. */
    void over(TableName table) {
        waits.remove(table);
    }

    /** Whether it has been waited for in vain. */
    boolean isGivenUp(TableName table) {
        var wait = waits.get(table);
        return wait != null && wait.nanos > LONGEST.toNanos();
    }

    /** Whether it has been waited for in vain, and was asked for a moment ago. */
    boolean rests(TableName table) {
        return isGivenUp(table) && nanos.getAsLong() - waits.get(table).asked < PAUSE.toNanos();
    }

    /** What hinders. */
    String why(TableName table) {
        return waits.get(table).why;
    }
}
