package io.millrace.capture.engine;

import java.time.Duration;

/**
 * How long to wait between two looks at the source. A look at thousands of tables costs the primary something, so looking takes
 * a twentieth of the time at most. A look that stood before a lock does not keep the next one away for longer than four intervals.
 *
 * @param interval the least pause between two looks
 */
public record LookPace(Duration interval) {

    private static final int REST = 19;
    private static final int LONGEST = 4;

    /**
     * @param took how long the last look took
     * @return how long to wait for the next one
     */
    public Duration after(Duration took) {
        var rest = took.multipliedBy(REST);
        var longest = interval.multipliedBy(LONGEST);
        return rest.compareTo(interval) < 0 ? interval : rest.compareTo(longest) < 0 ? rest : longest;
    }
}
