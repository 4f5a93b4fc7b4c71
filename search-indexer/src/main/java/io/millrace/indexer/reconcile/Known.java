package io.millrace.indexer.reconcile;

/**
 * A document as an index has it.
 *
 * @param seqNo and {@code term} change with each write of it
 */
public record Known(String id, long seqNo, long term) {}
