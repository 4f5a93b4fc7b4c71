package io.millrace.pipeline.liveness;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The long-running threads of a process. A loop that ended without being asked to, or that did not come round within its
 * silence, is a {@link Trouble} that only a restart mends. Thread-safe.
 *
 * <p>The clock stops with the machine but not with the process: after a process was paused, loops count as stuck until they
 * have come round, so a probe should ask more than once before it restarts anything.
 */
public final class Loops {

    private final LongSupplier nanos;
    private final Set<Loop> loops = ConcurrentHashMap.newKeySet();

    /** Measures with {@link System#nanoTime()}. */
    public Loops() {
        this(System::nanoTime);
    }

    /** @param nanos a monotonic clock in nanoseconds */
    public Loops(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * A loop that is not watched yet: by {@link #thread(Loop, Thread.Builder, LoopBody)} it is.
     *
     * @param name unique enough to be found in the code and in health
     * @param silence the longest time between two beats
     */
    public Loop loop(String name, Duration silence) {
        return new Loop(this, name, silence);
    }

    /** Begins to watch a loop in a thread of somebody else's. */
    public Loop begin(String name, Duration silence) {
        return begin(name, silence, null);
    }

    /**
     * The same where the thread is known, so that a trouble says where it stands from the first.
     *
     * @param thread null where it is not known
     */
    public Loop begin(String name, Duration silence, Thread thread) {
        return loop(name, silence).begin(thread);
    }

    /**
     * A thread that is watched from {@link LoopThread#start()} on. It is not started yet.
     *
     * @param name the thread's and the loop's
     * @param builder what kind of thread
     * @param silence the longest time between two beats
     */
    public LoopThread thread(String name, Thread.Builder builder, Duration silence, LoopBody body) {
        return thread(loop(name, silence), builder, body);
    }

    /** The same where others have to know the loop before, since they give signs for it too. */
    public LoopThread thread(Loop loop, Thread.Builder builder, LoopBody body) {
        return new LoopThread(loop, builder, body);
    }

    /** Those that ended unseen or are stuck, by name; empty while all is well. */
    public List<Trouble> troubles() {
        return loops.stream().map(Loop::trouble).filter(Objects::nonNull).sorted(Comparator.comparing(Trouble::loop)).toList();
    }

    void watch(Loop loop) {
        loops.add(loop);
    }

    void forget(Loop loop) {
        loops.remove(loop);
    }

    long now() {
        return nanos.getAsLong();
    }
}
