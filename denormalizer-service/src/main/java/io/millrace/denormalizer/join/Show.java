package io.millrace.denormalizer.join;

import org.apache.kafka.common.header.Headers;

/** Emits a document as it is now, or holds it back. */
interface Show {

    /**
     * @param cause of the change for which it is shown
     * @param since the offset in the exchange of the oldest record for which it is; 0 where that is not known
     */
    void show(byte[] rootKey, Headers cause, long since);
}
