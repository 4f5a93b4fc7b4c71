package io.millrace.purge.verification;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** In what way a document differs. */
public enum Kind {
    /** A row calls for it, and the index has none. */
    MISSING,
    /** No row calls for it, and the index has one. */
    ORPHANED,
    /** Both sides have it, with different content. */
    DIFFERENT;

    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
