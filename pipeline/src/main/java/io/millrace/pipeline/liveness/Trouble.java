package io.millrace.pipeline.liveness;

import java.time.Duration;

/**
 * A loop that only a restart mends.
 *
 * @param loop its name
 * @param since how long ago it ended or gave its last sign
 * @param why a sentence without its beginning: what ended it, or where it stands
 */
public record Trouble(String loop, Duration since, String why) {

    /** For health and logs. */
    @Override
    public String toString() {
        return why + " (since " + since.toSeconds() + " s)";
    }
}
