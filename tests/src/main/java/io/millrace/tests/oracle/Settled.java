package io.millrace.tests.oracle;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits until index and database agree; gives up when nothing moves any more, or when it takes too long. */
public final class Settled {

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
        var last = new AtomicReference<>(new Look(List.of(), -1, System.nanoTime()));
        try {
            Awaitility.await("the index agrees with the SQL join").pollInSameThread().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(300)).timeout(longest).until(() -> {
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

    /** @param since when anything was seen to move last */
    private record Look(List<Comparison> comparisons, long operations, long since) {

        Look next(Oracles oracles) throws SQLException {
            var comparisons = oracles.compare();
            long operations = oracles.operations();
            boolean same = operations == this.operations && differences(comparisons) == differences(this.comparisons);
            return new Look(comparisons, operations, same ? since : System.nanoTime());
        }

        private static long differences(List<Comparison> comparisons) {
            return comparisons.stream().mapToLong(c -> c.differences().size()).sum();
        }

        boolean agrees() {
            return !comparisons.isEmpty() && comparisons.stream().allMatch(Comparison::agrees);
        }

        Duration stoodStillFor() {
            return Duration.ofNanos(System.nanoTime() - since);
        }

        String describe() {
            return String.join("\n", comparisons.stream().map(Comparison::describe).toList());
        }
    }
}
