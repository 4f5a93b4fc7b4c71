package io.millrace.tests.bench;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.function.IntSupplier;

/** What something costs one thread that does nothing else, by that thread's processor time. */
final class OneThread {

    private static final long WARM_UP_NANOS = 2_000_000_000L;
    private static final long WINDOW_NANOS = 500_000_000L;
    private static final int WINDOWS = 7;

    private OneThread() {}

    /**
     * @param pass does it many times, and returns how often
     * @return nanoseconds of processor time for each, median of the windows
     */
    static double nanos(IntSupplier pass) {
        long warm = System.nanoTime() + WARM_UP_NANOS;
        while (System.nanoTime() < warm) {
            pass.getAsInt();
        }
        var threads = ManagementFactory.getThreadMXBean();
        var nanos = new double[WINDOWS];
        for (int i = 0; i < WINDOWS; i++) {
            long begin = threads.getCurrentThreadCpuTime();
            long done = 0;
            while (threads.getCurrentThreadCpuTime() - begin < WINDOW_NANOS) {
                done += pass.getAsInt();
            }
            nanos[i] = (threads.getCurrentThreadCpuTime() - begin) / (double) done;
        }
        Arrays.sort(nanos);
        return nanos[WINDOWS / 2];
    }
}
