package io.millrace.tests.oracle;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits until index and database agree; gives up when nothing moves any more, or when it takes too long. */
public final class Settled {

    private static final Duration BEAT = Duration.ofMillis(300);
    /** Rows that are still on their way do not move the index yet, so a resting index is read again. */
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private final Oracles oracles;
    private final Duration stall;
    private final Duration longest;

    /**
     * @param stall how long neither the differences nor the index may stand still
     * @param longest how long it may take in all
     */
    public Settled(Oracles oracles, Duration stall, Duration longest) {
        this.oracles = oracles;
        this.stall = stall;
        this.longest = longest;
    }

    /**
     * @return the comparisons in agreement, one for each pipeline
     * @throws AssertionError with counts and the first difference, when it does not come to that
     */
    public List<Comparison> await() {
        var last = new AtomicReference<>(new Look(List.of(), -1, System.nanoTime(), 0));
        try {
            Awaitility.await("the index agrees with the SQL join").pollInSameThread().pollDelay(Duration.ZERO).pollInterval(BEAT).timeout(longest).until(() -> {
                var now = last.get().next(oracles);
                last.set(now);
                if (!now.agrees() && now.stoodStillFor().compareTo(stall) > 0) {
                    throw new AssertionError("Nothing has moved for " + stall.toSeconds() + " s, and the index does not agree with the database.\n" + now.describe());
                }
                return now.agrees();
            });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("After " + longest.toSeconds() + " s the index still moves and does not agree with the database.\n" + last.get().describe(), e);
        }
        return last.get().comparisons;
    }

    /**
     * @param operations of the index when it was looked at
     * @param since when anything was seen to move last
     * @param compared when both sides were read last; 0 where that was never
     */
    private record Look(List<Comparison> comparisons, long operations, long since, long compared) {

        /** Reads both sides only while the index rests, because reading takes the time of a core that the stack needs to come to rest. */
        Look next(Oracles oracles) throws SQLException {
            long operations = oracles.operations();
            long now = System.nanoTime();
            if (operations != this.operations) {
                return new Look(comparisons, operations, now, 0);
            }
            if (compared != 0 && now - compared < AGAIN.toNanos()) {
                return this;
            }
            var comparisons = oracles.compare();
            boolean same = differences(comparisons) == differences(this.comparisons);
            return new Look(comparisons, operations, same ? since : now, System.nanoTime());
        }

        private static long differences(List<Comparison> comparisons) {
            return comparisons.stream().mapToLong(c -> c.differences().size()).sum();
        }

        boolean agrees() {
            return compared != 0 && comparisons.stream().allMatch(Comparison::agrees);
        }

        Duration stoodStillFor() {
            return Duration.ofNanos(System.nanoTime() - since);
        }

        String describe() {
            return comparisons.isEmpty() ? "(The index never rested, so it was never compared.)" : String.join("\n", comparisons.stream().map(Comparison::describe).toList());
        }
    }
}
