package io.millrace.denormalizer.join;

import org.apache.kafka.common.serialization.BytesSerializer;

/** Names of the topology's state stores. */
final class Stores {

    /** Rows of array tables by their own key: where they belong, and belonged. */
    static final String ROWS = "rows";
    /** Documents: root rows, rows of arrays, and the rows that wait for a parent. */
    static final String DOCUMENTS = "documents";
    /** Look-up rows, who refers to them, and the state of long work. */
    static final String LOOKUPS = "lookups";

    static final BytesSerializer BYTES = new BytesSerializer();
    static final byte[] NONE = {};

    private Stores() {}
}
