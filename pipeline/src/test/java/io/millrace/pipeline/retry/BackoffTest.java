package io.millrace.pipeline.retry;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {

    private static void isNear(long most, Duration wait) {
        assertTrue(wait.toMillis() <= most && wait.toMillis() >= most - most / 5, () -> wait + " for " + most + " ms");
    }

    @Test
    void waitsDoubleUpToTheLongestAndEachIsShorterByAFifthAtMost() {
        var backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));
        for (long most : new long[] {100, 200, 400, 800, 1_000, 1_000}) {
            isNear(most, backoff.next());
        }
        backoff.reset();
        isNear(100, backoff.next());
    }

    @Test
    void manyWaitsAreNotAllTheSame() {
        var backoff = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(1));
        assertTrue(java.util.stream.Stream.generate(backoff::next).limit(50).distinct().count() > 1);
    }

    @Test
    void settingsThatContradictEachOtherMakeNoShorterWaitThanTheFirst() {
        isNear(50, new Backoff(Duration.ofMillis(50), Duration.ZERO).next());
        isNear(1, new Backoff(Duration.ZERO, Duration.ZERO).next());
    }
}
