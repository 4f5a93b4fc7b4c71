package io.millrace.pipeline.retry;

import java.time.Duration;
import java.util.function.LongSupplier;

/** What is made again at each attempt that fails, and would fill the log: news when it is another than the last, when that was over, and each five minutes for whoever looks at the end of a log alone. For one thread. */
public final class Complaint {

    private static final long AGAIN_NANOS = Duration.ofMinutes(5).toNanos();
    /** Longer than the longest pause between attempts: what was not made for so long was over. */
    private static final long OVER_NANOS = Duration.ofMinutes(1).toNanos();

    private final LongSupplier nanos;
    /** Null before the first. */
    private String last;
    private long made;
    private long told;

    public Complaint() {
        this(System::nanoTime);
    }

    /** @param nanos a clock that only goes forward */
    Complaint(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Whether the log is to have this, which is made now. */
    public boolean isNews(String what) {
        long now = nanos.getAsLong();
        boolean news = !what.equals(last) || now - made >= OVER_NANOS || now - told >= AGAIN_NANOS;
        last = what;
        made = now;
        if (news) {
            told = now;
        }
        return news;
    }
}
