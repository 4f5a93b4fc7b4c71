package io.millrace.gate.breaker;

import io.millrace.pipeline.wording.Counted;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Counts good and bad records over the last moments, in slices. Thread-safe; knows no clock but what it is told. */
final class Window {

    private static final int SLICES = 20;

    private final long sliceNanos;
    private final double share;
    private final int records;
    private final int tables;
    private final long[] slice = new long[SLICES];
    private final long[] good = new long[SLICES];
    private final long[] bad = new long[SLICES];
    /** When each table was first refused within the window. */
    private final Map<String, Long> refused = new HashMap<>();

    Window(Duration length, double share, int records, int tables) {
        this.sliceNanos = Math.max(1, length.toNanos() / SLICES);
        this.share = share;
        this.records = records;
        this.tables = tables;
    }

    synchronized void passed(int count, long now) {
        good[at(now)] += count;
    }

    /** Counts records that queue behind a refusal of this window. True when that is too much. */
    synchronized boolean queued(String table, int count, long now) {
        forget(now);
        if (!refused.containsKey(table)) {
            return false;
        }
        bad[at(now)] += count;
        return tooMuch();
    }

    /** Counts a record that is refused. True when that is too much. */
    synchronized boolean refused(String table, long now) {
        forget(now);
        refused.putIfAbsent(table, now);
        bad[at(now)]++;
        return tooMuch();
    }

    synchronized void clear() {
        java.util.Arrays.fill(good, 0);
        java.util.Arrays.fill(bad, 0);
        refused.clear();
    }

    synchronized String describe() {
        return sum(bad) + " of " + Counted.of(sum(bad) + sum(good), "record") + " within " + Duration.ofNanos(sliceNanos * SLICES).toSeconds() + " s, of " + Counted.of(refused.size(), "table") + ", are refused or queue behind a refused one";
    }

    private boolean tooMuch() {
        long allBad = sum(bad);
        return refused.size() >= tables && allBad >= records && allBad >= share * (allBad + sum(good));
    }

    private void forget(long now) {
        refused.values().removeIf(since -> now - since > sliceNanos * SLICES);
    }

    /** The slice of the moment, emptied where it still holds a moment long past. */
    private int at(long now) {
        long number = Math.floorDiv(now, sliceNanos);
        for (int i = 0; i < SLICES; i++) {
            if (number - slice[i] >= SLICES) {
                good[i] = 0;
                bad[i] = 0;
            }
        }
        int i = (int) Math.floorMod(number, (long) SLICES);
        if (slice[i] != number) {
            slice[i] = number;
            good[i] = 0;
            bad[i] = 0;
        }
        return i;
    }

    private static long sum(long[] counts) {
        long sum = 0;
        for (long count : counts) {
            sum += count;
        }
        return sum;
    }
}
