package io.millrace.capture.text;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * How changes of a stream are gathered: what comes after quiet goes on at once, and while more comes, what came in a stated time goes on together.
 * A batch of one change costs every later stage nearly as much as one of twenty. Used by one thread.
 */
public final class Pace {

    /** By source: Debezium makes what asks for its queue by its class's name. */
    private static final Map<String, Pace> FOLLOWED = new ConcurrentHashMap<>();
    /** Asks again at once. */
    static final Pace NONE = new Pace(Duration.ZERO, Duration.ZERO, Integer.MAX_VALUE, () -> true);

    private final long gatheringNanos;
    private final int full;
    private final BooleanSupplier isHurried;
    private long takenAt;
    private boolean gathers;

    /**
     * @param pace from one batch to the next while changes come; zero for none
     * @param question how long the queue is asked, which gathers as well
     * @param full records of a batch behind which more are there already
     * @param isHurried whether somebody waits for the next batch
     */
    public Pace(Duration pace, Duration question, int full, BooleanSupplier isHurried) {
        this.gatheringNanos = Math.max(0, pace.minus(question).toNanos());
        this.full = full;
        this.isHurried = isHurried;
    }

    /** That of a source from now on, for whatever asks for its changes. */
    public void follow(String source) {
        FOLLOWED.put(source, this);
    }

    /** That source has no stream any more. */
    public static void end(String source) {
        FOLLOWED.remove(source);
    }

    static Pace of(String source) {
        return FOLLOWED.getOrDefault(source, NONE);
    }

    /** So many records were taken from the queue; none where nothing came. */
    void taken(int records, long now) {
        takenAt = now;
        gathers = records > 0 && records < full;
    }

    /** How long the queue is not to be asked yet, in nanoseconds; what was done with the last batch meanwhile counts. */
    long rest(long now) {
        return gathers && !isHurried.getAsBoolean() ? Math.max(0, takenAt + gatheringNanos - now) : 0;
    }

    /** Waits for so long. */
    void await() throws InterruptedException {
        long rest = rest(System.nanoTime());
        if (rest > 0) {
            TimeUnit.NANOSECONDS.sleep(rest);
        }
    }
}
