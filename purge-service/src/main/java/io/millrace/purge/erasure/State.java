package io.millrace.purge.erasure;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How far an erasure is. */
public enum State {
    /** Committed in the source database; the log carries it. */
    @JsonProperty("requested") REQUESTED,
    /** The document's delete is in the topic of the documents. */
    @JsonProperty("carried-out") CARRIED_OUT
}
