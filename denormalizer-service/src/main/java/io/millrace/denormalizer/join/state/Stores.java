package io.millrace.denormalizer.join.state;

import org.apache.kafka.common.serialization.BytesSerializer;

/** Names of the topology's state stores. */
public final class Stores {

    /** Rows of array tables by their own key: where they belong, and belonged. */
    public static final String ROWS = "rows";
    /** Documents: root rows, rows of arrays, and the rows that wait for a parent. */
    public static final String DOCUMENTS = "documents";
    /** Look-up rows, who refers to them, and the state of long work. */
    public static final String LOOKUPS = "lookups";

    public static final BytesSerializer BYTES = new BytesSerializer();
    public static final byte[] NONE = {};

    private Stores() {}
}
