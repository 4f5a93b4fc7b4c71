package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.document.Documents;
import org.apache.kafka.common.header.Headers;

/**
 * A document that is owed, and now to be emitted.
 *
 * @param cause of the change for which it is
 * @param since offset in the exchange of the oldest record for which it is; 0 where that is not known
 */
public record Due(byte[] rootKey, Documents.Effect effect, Headers cause, long since) {

    static Due shown(byte[] rootKey, Headers cause, long since) {
        return new Due(rootKey, Documents.Effect.SHOWN, cause, since);
    }
}
