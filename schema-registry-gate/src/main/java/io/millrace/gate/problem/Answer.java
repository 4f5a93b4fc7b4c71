package io.millrace.gate.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;

/**
 * What went wrong, or was done.
 *
 * @param asOf where it went wrong because something is away: when what the gate knows was last known to hold; left out else, and where it knows nothing yet
 * @param oldRows whether rows that the table had before keep values of an older schema until they are read again; left out where they do not
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Answer(String message, Instant asOf, Boolean oldRows) {

    public Answer(String message) {
        this(message, null, null);
    }

    public Answer(String message, Instant asOf) {
        this(message, asOf, null);
    }
}
