package io.millrace.gate.flow;

import io.millrace.gate.GateConfig;
import io.millrace.gate.KafkaClients;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.jboss.logging.Logger;

/**
 * Whether this process has run without a break, so that what it was given is still its own. After a stop that may have outlasted its
 * session (a signal, a frozen node, a suspended machine) it may send nothing until the group has confirmed what it owns. Thread-safe.
 */
@ApplicationScoped
public class Pulse {

    private static final Logger LOG = Logger.getLogger(Pulse.class);
    private static final Duration BEAT = Duration.ofMillis(200);

    /** A third of a session: a heartbeat may have been due when the stop began, and answers take their time. */
    private final long longestNanos;
    private final LoopThread thread;
    private volatile Beat last = Beat.now();
    /** Counts the stops. */
    private volatile int stops;
    /** Those after which the group has confirmed what is owned; only the intake's thread changes it. */
    private volatile int confirmed;

    /** By two clocks: a suspended machine stops the monotonic one, and nobody sets that back. */
    private record Beat(long nanos, long millis) {

        static Beat now() {
            return new Beat(System.nanoTime(), System.currentTimeMillis());
        }

    }

    Pulse(KafkaClients kafka, GateConfig config, Loops loops) {
        this.longestNanos = kafka.session().dividedBy(3).toNanos();
        this.thread = loops.thread("pulse", Thread.ofPlatform(), config.silence(), this::beatForEver);
    }

    public void start() {
        last = Beat.now();
        thread.start();
    }

    public void stop() {
        thread.interrupt();
    }

    /** Whether something may be sent now. */
    boolean holds() {
        return stops == confirmed && isFresh(last);
    }

    /** Asked for each record, so it makes nothing. */
    private boolean isFresh(Beat beat) {
        return System.nanoTime() - beat.nanos < longestNanos && System.currentTimeMillis() - beat.millis < longestNanos / 1_000_000;
    }

    /** How many stops there were; to be {@link #confirm confirmed}. */
    int stops() {
        return stops;
    }

    /** Whether there was a stop after which nothing was confirmed. */
    boolean isInDoubt() {
        return stops != confirmed;
    }

    /** The group has said, after so many stops, that this instance owns what it holds to be its own, or it owns nothing. */
    void confirm(int stops) {
        confirmed = stops;
    }

    private void beatForEver(Loop loop) throws InterruptedException {
        while (true) {
            loop.beat();
            // Taken first: a stop between the two makes the next beat too old at once.
            var now = Beat.now();
            if (!isFresh(last)) {
                // Counted before the next beat is noted, so that nobody sees the one without the other.
                stops = stops + 1;
                LOG.warnf("This process did not run for %d ms; it sends nothing until the group has confirmed what it owns", Math.max(now.millis - last.millis, (now.nanos - last.nanos) / 1_000_000));
            }
            last = now;
            Thread.sleep(BEAT);
        }
    }
}
