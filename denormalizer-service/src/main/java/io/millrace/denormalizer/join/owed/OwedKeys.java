package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.state.Kind;
import org.apache.kafka.common.utils.Bytes;

/** The keys of the documents that are owed. */
final class OwedKeys {

    private OwedKeys() {}

    static Bytes jobs() {
        return Kind.of(Kind.JOB, new byte[0]);
    }

    static Bytes job(byte[] reference) {
        return Kind.of(Kind.JOB, reference);
    }

    static Bytes documents() {
        return Kind.of(Kind.HELD_DOCUMENT, new byte[0]);
    }

    static Bytes document(byte[] rootKey) {
        return Kind.of(Kind.HELD_DOCUMENT, rootKey);
    }

    /** As a version before kept those that rested. */
    static Bytes heavyDocuments() {
        return Kind.of(Kind.HEAVY_DOCUMENT, new byte[0]);
    }
}
