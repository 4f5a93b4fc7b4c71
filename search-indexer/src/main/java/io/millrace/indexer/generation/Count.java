package io.millrace.indexer.generation;

/**
 * How many documents readers find in an index.
 *
 * @param exact whether they were counted; else they are estimated, since counting would read a large table as a whole
 */
public record Count(long documents, boolean exact) {}
