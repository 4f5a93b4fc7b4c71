package io.millrace.gate.control;

import java.time.Instant;

/** Kafka did not say what holds now, so whatever could be answered may be outdated. */
public final class OutdatedException extends Exception {

    private static final long serialVersionUID = 1L;

    /** Null where nothing was known yet. */
    private final transient Instant asOf;

    OutdatedException(String away, Instant asOf) {
        super("This cannot be answered now: " + away + ". " + (asOf == null ? "Nothing has been read since this gate started" : "What this gate knows is of " + asOf + ", and may have changed since")
                + "; try again, records flow or wait meanwhile as they did");
        this.asOf = asOf;
    }

    /** When what the gate knows was last known to hold; null where it knows nothing yet. */
    public Instant asOf() {
        return asOf;
    }
}
