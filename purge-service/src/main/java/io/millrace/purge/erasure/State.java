package io.millrace.purge.erasure;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How far an erasure is. */
public enum State {
    /** Committed in the source database; the log carries it. */
    @JsonProperty("requested") REQUESTED,
    /** Of a subject: no search shows it, and the newest record of no row has it. Older records of the same rows stand in Kafka yet. */
    @JsonProperty("hidden") HIDDEN,
    /** The document's delete is in the topic of the documents. Of a subject: by the settings of the topics older records are gone, too. */
    @JsonProperty("carried-out") CARRIED_OUT,
    /** No row of the document has ever come: there is nothing to erase. */
    @JsonProperty("nothing-to-erase") NOTHING_TO_ERASE,
    /** Of a subject: it holds no longer, because somebody withdrew it, or the source has inserted the subject anew. */
    @JsonProperty("ended") ENDED;

    /** As it stands in the database. */
    String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * As it stands in an address.
     *
     * @throws IllegalArgumentException when there is no such state
     */
    public static State fromString(String text) {
        return Arrays.stream(values()).filter(state -> state.text().equals(text)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is none of " + Arrays.stream(values()).map(State::text).collect(Collectors.joining(", "))));
    }
}
