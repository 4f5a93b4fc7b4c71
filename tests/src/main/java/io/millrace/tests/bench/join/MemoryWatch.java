package io.millrace.tests.bench.join;

import io.millrace.local.ManagedProcess;
import io.millrace.tests.bench.Footprint;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A process's resident memory over time, through its restarts: 0 while it does not run. */
final class MemoryWatch implements AutoCloseable {

    static final int SECONDS = 5;

    private final List<Long> megabytes = new CopyOnWriteArrayList<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().name("memory").daemon().factory());

    MemoryWatch(ManagedProcess process) {
        clock.scheduleAtFixedRate(() -> megabytes.add(Footprint.of(List.of(process)).rssBytes() >> 20), SECONDS, SECONDS, TimeUnit.SECONDS);
    }

    /** What was seen each {@value #SECONDS} seconds, in MB. */
    List<Long> megabytes() {
        return megabytes;
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
