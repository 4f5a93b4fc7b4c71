package io.millrace.capture.continuity;

import io.millrace.pipeline.record.Position;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A moment in a database's log.
 *
 * @param lsn where its log stood
 * @param micros when, in microseconds since the Unix epoch
 */
public record Point(long lsn, long micros) {

    @Override
    public String toString() {
        return Position.lsnText(lsn) + " (" + Instant.EPOCH.plus(micros, ChronoUnit.MICROS).truncatedTo(ChronoUnit.SECONDS) + ")";
    }
}
