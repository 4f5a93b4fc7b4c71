package io.millrace.capture.engine;

import io.micrometer.core.instrument.Counter;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.retry.Backoff;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Tries again, later and later, until a server answers or capture is stopped. Thread-safe. */
public final class Patience {

    private static final Duration FIRST = Duration.ofMillis(200);
    private static final Duration LONGEST = Duration.ofSeconds(10);
    private static final Duration EVEN = Duration.ofMillis(500);

    private final Readiness readiness;
    private final Counter retries;
    private final Loop loop;
    private final Semaphore hurry = new Semaphore(0);
    private volatile boolean stopped;

    /** @param loop is given a sign before each attempt, which may take as long as an answer of Postgres */
    public Patience(Readiness readiness, Counter retries, Loop loop) {
        this.readiness = readiness;
        this.retries = retries;
        this.loop = loop;
    }

    /** What may succeed later. */
    @FunctionalInterface
    public interface Attempt<T> {
        T run() throws Exception;
    }

    /**
     * The result of the first attempt that does not fail with {@code temporary}. Meanwhile capture is not ready, with
     * that failure's message as the reason.
     *
     * @throws InterruptedException when capture is stopped
     */
    public <T> T insist(Class<? extends Exception> temporary, Attempt<T> attempt) throws InterruptedException {
        return insist(temporary, null, attempt);
    }

    /**
     * As {@link #insist(Class, Attempt)}; what fails with {@code passing} is tried again at an even pace, since nobody is away, and not counted as a retry.
     *
     * @param passing one of the temporary failures, null for none
     */
    public <T> T insist(Class<? extends Exception> temporary, Class<? extends Exception> passing, Attempt<T> attempt) throws InterruptedException {
        var backoff = backoff();
        boolean failed = false;
        while (true) {
            loop.waits(SourceConnection.LONGEST_ANSWER);
            try {
                var result = attempt.run();
                if (failed) {
                    readiness.recovered();
                }
                return result;
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                if (!temporary.isInstance(e)) {
                    if (failed) {
                        // Another failure now, which is for the caller to tell; what was waited for is over.
                        readiness.recovered();
                    }
                    throw e instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(e.getMessage(), e);
                }
                failed = true;
                if (passing != null && passing.isInstance(e)) {
                    await(e.getMessage());
                } else {
                    pause(backoff, e.getMessage());
                }
            }
        }
    }

    /** How long is waited between attempts. */
    public static Backoff backoff() {
        return new Backoff(FIRST, LONGEST);
    }

    /**
     * Waits before the next attempt.
     *
     * @param backoff of these attempts
     * @param reason why this one failed
     * @throws InterruptedException when capture is stopped
     */
    public void pause(Backoff backoff, String reason) throws InterruptedException {
        readiness.waiting(reason);
        retries.increment();
        pause(backoff.next());
    }

    /**
     * Waits at an even pace for what another process has, or what passes by itself, so that it is had soon once that is over. Nothing is away, so it is not counted as a retry.
     *
     * @param reason says who has it, or what it is
     * @throws InterruptedException when capture is stopped
     */
    public void await(String reason) throws InterruptedException {
        readiness.waiting(reason);
        pause(EVEN);
    }

    /**
     * Waits for its turn, at the same pace. Nothing is wrong meanwhile.
     *
     * @throws InterruptedException when capture is stopped
     */
    public void await() throws InterruptedException {
        pause(EVEN);
    }

    private void pause(Duration longest) throws InterruptedException {
        loop.waits(LONGEST);
        hurry.tryAcquire(longest.toMillis(), TimeUnit.MILLISECONDS);
        if (stopped) {
            hurry.release();
            throw new InterruptedException("Capture is being stopped");
        }
    }

    /** Ends a waiting that is under way, or else the next one, for another attempt at once. */
    public void hurry() {
        hurry.release();
    }

    /** Ends every waiting, now and later. */
    public void stop() {
        stopped = true;
        hurry.release();
    }

    public boolean isStopped() {
        return stopped;
    }
}
