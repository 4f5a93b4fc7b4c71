package io.millrace.pipeline.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BucketsTest {

    private final AtomicLong now = new AtomicLong(-5);

    @Test
    void aCallerHasTenSecondsWorthAtOnceAndThenSoManyASecond() {
        var buckets = new Buckets(5, now::get);
        assertEquals(50, taken(buckets, "a", 1_000));
        assertFalse(buckets.take("a"));
        assertTrue(buckets.take("b"), "another one has a bucket of its own");
        now.addAndGet(Duration.ofMillis(400).toNanos());
        assertEquals(2, taken(buckets, "a", 10));
        now.addAndGet(Duration.ofHours(1).toNanos());
        assertEquals(50, taken(buckets, "a", 1_000), "nobody saves up more");
    }

    @Test
    void zeroIsAsManyAsTheyLike() {
        assertEquals(5_000, taken(new Buckets(0, now::get), "a", 5_000));
        assertThrows(IllegalArgumentException.class, () -> new Buckets(-1, now::get));
    }

    @Test
    void manyCallersDoNotFillTheMemory() {
        var buckets = new Buckets(1, now::get);
        assertEquals(10, taken(buckets, "first", 20));
        IntStream.range(0, 10_000).forEach(i -> buckets.take("caller" + i));
        assertTrue(buckets.take("first"), "it was forgotten");
    }

    private static long taken(Buckets buckets, String caller, int calls) {
        return IntStream.range(0, calls).filter(_ -> buckets.take(caller)).count();
    }
}
