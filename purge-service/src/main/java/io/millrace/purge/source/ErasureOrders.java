package io.millrace.purge.source;

import io.millrace.pipeline.topic.Topics;

/** The orders to erase documents, as they stand in the outbox. The join obeys them, so they, and not the audit, say which documents are erased. */
public final class ErasureOrders {

    /** As the outbox has it. */
    public static final String TYPE = "erase";

    /** Ids of documents that are erased. Parameters: the pipelines whose orders count, and the ids that are looked for, both {@code text[]}. */
    public static final String ERASED = "SELECT aggregateid FROM " + Topics.OUTBOX.sql() + " WHERE type = '" + TYPE + "' AND aggregatetype = ANY (?) AND aggregateid = ANY (?)";

    private ErasureOrders() {}
}
