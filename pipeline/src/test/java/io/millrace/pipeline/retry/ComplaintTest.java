package io.millrace.pipeline.retry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ComplaintTest {

    private final AtomicLong now = new AtomicLong(-5);
    private final Complaint complaint = new Complaint(now::get);

    @Test
    void oneThatLastsIsNewsOnceAndThenEachFiveMinutes() {
        assertEquals(3, IntStream.range(0, 2 * 601).filter(_ -> {
            boolean news = complaint.isNews("no right");
            now.addAndGet(Duration.ofMillis(500).toNanos());
            return news;
        }).count());
    }

    @Test
    void anotherOneIsNews() {
        assertTrue(complaint.isNews("no right"));
        assertTrue(complaint.isNews("nobody there"));
        assertFalse(complaint.isNews("nobody there"));
        assertTrue(complaint.isNews("no right"));
    }

    @Test
    void oneThatWasOverIsNews() {
        assertTrue(complaint.isNews("no right"));
        now.addAndGet(Duration.ofSeconds(59).toNanos());
        assertFalse(complaint.isNews("no right"));
        now.addAndGet(Duration.ofSeconds(60).toNanos());
        assertTrue(complaint.isNews("no right"));
    }
}
