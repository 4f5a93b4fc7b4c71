package io.millrace.pipeline.liveness;

import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;

/** One watched loop. Its own thread gives the signs, any thread may ask. Thread-safe. */
public final class Loop implements AutoCloseable {

    private static final int FRAMES = 3;

    private final Loops loops;
    private final String name;
    private final Duration silence;
    private final Thread thread;
    private volatile Sign last;
    /** Null while it runs. */
    private volatile End end;

    /** Times of the monotonic clock, in nanoseconds. */
    private record Sign(long at, long nextBy) {}

    private record End(long at, String why) {}

    Loop(Loops loops, String name, Duration silence, Thread thread) {
        this.loops = loops;
        this.name = name;
        this.silence = silence;
        this.thread = thread;
        beat();
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
        long now = loops.now();
        last = new Sign(now, now + atMost.plus(silence).toNanos());
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
        return new Trouble(name, Duration.ofNanos(now - sign.at()), "it has given no sign of life for longer than " + seconds(sign.nextBy() - sign.at()) + " s" + stands());
    }

    private static long seconds(long nanos) {
        return Duration.ofNanos(nanos).toSeconds();
    }

    /** Where it stands in code that is not the JDK's, which only waits. */
    private String stands() {
        if (thread == null) {
            return "";
        }
        var frames = Arrays.stream(thread.getStackTrace()).filter(frame -> !frame.getClassName().startsWith("java.") && !frame.getClassName().startsWith("jdk."))
                .limit(FRAMES).map(StackTraceElement::toString).collect(Collectors.joining(" < "));
        return frames.isEmpty() ? "" : "; it stands at " + frames;
    }
}
