package io.millrace.capture.source;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MomentTest {

    private static final Duration HOUR = Duration.ofHours(1);

    @Test
    void eitherClockTellsThatItIsLongAgo() {
        var now = Moment.now();
        assertFalse(now.isOlderThan(HOUR));
        assertTrue(now.before(HOUR.plusSeconds(1)).isOlderThan(HOUR));
        assertTrue(new Moment(now.nanos(), now.millis() - HOUR.toMillis() - 1).isOlderThan(HOUR), "the machine has slept");
        assertTrue(new Moment(now.nanos() - HOUR.toNanos() - 1, now.millis() + HOUR.toMillis()).isOlderThan(HOUR), "its clock was set back");
    }
}
