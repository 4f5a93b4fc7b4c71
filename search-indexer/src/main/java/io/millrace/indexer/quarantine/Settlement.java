package io.millrace.indexer.quarantine;

/** What came of a parked document. */
public enum Settlement {
    /** It was sent to the index again, which took it, or had a newer version. */
    REPLAYED,
    /** A later document of its id went the usual way, so it was not sent. */
    SUPERSEDED,
    /** It was sent again and refused again; it stands there anew. */
    REFUSED,
    /** Somebody gave it up. */
    DISCARDED
}
