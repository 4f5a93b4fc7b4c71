package io.millrace.denormalizer.join.message;

import org.apache.kafka.common.header.Headers;

/**
 * Why something is done.
 *
 * @param cause headers of the change, which go on with what comes of it
 * @param offset of the record of the exchange that is worked on; negative between two records
 * @param since offset of the oldest record for which a document is shown; 0 where that is not known
 */
public record Change(Headers cause, long offset, long since) {

    private static final long NO_RECORD = -1;

    /** A record of the exchange. */
    public static Change of(Headers cause, long offset) {
        return new Change(cause, offset, offset);
    }

    /** What is paid between two records. */
    public static Change owed(Headers cause, long since) {
        return new Change(cause, NO_RECORD, since);
    }

    public boolean isOfRecord() {
        return offset != NO_RECORD;
    }

    /** The same moment, for another reason. */
    public Change with(Headers otherCause, long otherSince) {
        return new Change(otherCause, offset, otherSince);
    }
}
