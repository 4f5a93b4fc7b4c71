package io.millrace.console.live;

import jakarta.ws.rs.BadRequestException;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;

/** For how long curves go back, and how far apart their points are then: few enough to be drawn, and to be asked for at once. */
enum Range {
    FIVE_MINUTES(Duration.ofMinutes(5), Duration.ofSeconds(10)),
    HALF_AN_HOUR(Duration.ofMinutes(30), Duration.ofSeconds(10)),
    TWO_HOURS(Duration.ofHours(2), Duration.ofSeconds(30)),
    SIX_HOURS(Duration.ofHours(6), Duration.ofMinutes(1)),
    DAY(Duration.ofDays(1), Duration.ofMinutes(5)),
    WEEK(Duration.ofDays(7), Duration.ofMinutes(30));

    private final Duration length;
    private final Duration step;

    Range(Duration length, Duration step) {
        this.length = length;
        this.step = step;
    }

    /** @throws BadRequestException where no range is so long */
    static Range of(long seconds) {
        return Arrays.stream(values()).filter(range -> range.length.toSeconds() == seconds).findFirst().orElseThrow(() -> new BadRequestException("There is no range of " + seconds + " seconds; there are "
                + Arrays.stream(values()).map(range -> Long.toString(range.length.toSeconds())).collect(Collectors.joining(", "))));
    }

    Duration length() {
        return length;
    }

    Duration step() {
        return step;
    }
}
