package io.millrace.gate.flow;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** The time between attempts: doubles up to a limit, with a little chance so that lanes do not all try at once. */
final class Pause {

    private static final Duration FIRST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofSeconds(5);

    private long millis = FIRST.toMillis();

    void rest() throws InterruptedException {
        Thread.sleep(ThreadLocalRandom.current().nextLong(millis / 2, millis + 1));
        millis = Math.min(LONGEST.toMillis(), millis * 2);
    }

    void over() {
        millis = FIRST.toMillis();
    }
}
