package io.millrace.launcher;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;

/** Lines for a person who waits, each with the seconds since they began to wait: since this program began, or what began it. Thread-safe. */
public final class Output {

    private final PrintWriter out;
    private final Instant begin;

    public Output(PrintWriter out) {
        this(out, ProcessHandle.current().info().startInstant().orElseGet(Instant::now));
    }

    /** For somebody who waits since another moment than the begin of this program. */
    Output(PrintWriter out, Instant begin) {
        this.out = out;
        this.begin = begin;
    }

    public synchronized void line(String text) {
        out.printf("%6.1f s  %s%n", seconds(), text);
        out.flush();
    }

    /** Without the time, as it is. */
    public synchronized void plain(String text) {
        out.println(text);
        out.flush();
    }

    public double seconds() {
        return Duration.between(begin, Instant.now()).toMillis() / 1000.0;
    }
}
