package io.millrace.indexer.trace;

import java.util.List;

/**
 * The way of the change that made a document what it is.
 *
 * @param topic where the document's last record stands
 * @param deleted whether that record deletes the document
 * @param version the document's version, which is an LSN
 * @param position of the newest row in the document
 * @param traceparent the change's trace context; null where it is not traced
 * @param hops in the order of the way; the first has taken no time
 * @param notes what is not known, and why
 */
public record DocumentTrace(String pipeline, String id, String topic, int partition, long offset, boolean deleted, String version, String position, String traceparent,
        List<Hop> hops, List<String> notes) {}
