package io.millrace.purge.erasure;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** How far an erasure is. */
public enum State {
    /** Committed in the source database; the log carries it. */
    @JsonProperty("requested") REQUESTED,
    /** The document's delete is in the topic of the documents. */
    @JsonProperty("carried-out") CARRIED_OUT,
    /** No row of the document has ever come: there is nothing to erase. */
    @JsonProperty("nothing-to-erase") NOTHING_TO_ERASE;

    /**
     * As it stands in an address.
     *
     * @throws IllegalArgumentException when there is no such state
     */
    public static State fromString(String text) {
        return valueOf(text.replace('-', '_').toUpperCase(Locale.ROOT));
    }
}
