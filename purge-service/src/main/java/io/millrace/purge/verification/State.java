package io.millrace.purge.verification;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** How far a verification is. */
public enum State {
    RUNNING,
    /** Whatever was compared agrees, or agrees since it was repaired. */
    AGREES,
    /** Something differs for good. */
    DIFFERS,
    /** Nothing differs, and of something it could not be told. */
    UNDECIDED,
    /** An operator ended it. */
    STOPPED,
    /** It could not go on. */
    FAILED,
    /** The process that ran it is gone. */
    INTERRUPTED;

    /** As callers and the table have it. */
    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    static State of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
