package io.millrace.pipeline.liveness;

import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * One watched loop. Whichever thread works for it gives the signs, and the one that gave the last is where it is said to
 * stand. Any thread may ask. Thread-safe.
 */
public final class Loop implements AutoCloseable {

    private static final int FRAMES = 3;

    private final Loops loops;
    private final String name;
    private final Duration silence;
    private volatile Sign last;
    /** Null while it runs. */
    private volatile End end;

    /**
     * Times of the monotonic clock, in nanoseconds.
     *
     * @param by null where the thread is not known
     */
    private record Sign(Thread by, long at, long nextBy) {}

    private record End(long at, String why) {}

    Loop(Loops loops, String name, Duration silence) {
        this.loops = loops;
        this.name = name;
        this.silence = silence;
    }

    /**
     * Has it watched from now on.
     *
     * @param thread the one that works for it first, null where it is not known
     */
    Loop begin(Thread thread) {
        last = sign(thread, Duration.ZERO);
        loops.watch(this);
        return this;
    }

    /** Says that it has come round; the next sign must come within its silence. */
    public void beat() {
        waits(Duration.ZERO);
    }

    /**
     * Says, before it blocks, that it waits on purpose: the next sign must come within this time and its silence after it.
     *
     * @param atMost the bound that the wait itself has
     */
    public void waits(Duration atMost) {
        last = sign(Thread.currentThread(), atMost);
    }

    private Sign sign(Thread by, Duration waits) {
        long now = loops.now();
        return new Sign(by, now, now + waits.plus(silence).toNanos());
    }

    /**
     * Says that nothing runs any more, though it should.
     *
     * @param cause null where it ended without any
     */
    public void ended(Throwable cause) {
        end = new End(loops.now(), cause == null ? "it ended without being asked to" : "it ended by " + cause);
    }

    /** It is no longer to run: its end is right, and what was said of it is forgotten. */
    @Override
    public void close() {
        loops.forget(this);
    }

    String name() {
        return name;
    }

    /** Null while it runs and comes round. */
    Trouble trouble() {
        long now = loops.now();
        var ended = end;
        if (ended != null) {
            return new Trouble(name, Duration.ofNanos(now - ended.at()), ended.why());
        }
        var sign = last;
        if (now - sign.nextBy() <= 0) {
            return null;
        }
        return new Trouble(name, Duration.ofNanos(now - sign.at()), "it has given no sign of life for longer than " + seconds(sign.nextBy() - sign.at()) + " s" + stands(sign.by()));
    }

    private static long seconds(long nanos) {
        return Duration.ofNanos(nanos).toSeconds();
    }

    /** Where it stands in code that is not the JDK's, which only waits. */
    private static String stands(Thread thread) {
        if (thread == null) {
            return "";
        }
        var frames = Arrays.stream(thread.getStackTrace()).filter(frame -> !frame.getClassName().startsWith("java.") && !frame.getClassName().startsWith("jdk."))
                .limit(FRAMES).map(StackTraceElement::toString).collect(Collectors.joining(" < "));
        return frames.isEmpty() ? "" : "; it stands at " + frames;
    }
}
