package io.millrace.indexer.handover;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;

/**
 * How an index compares with the one that serves.
 *
 * @param documents in the index
 * @param servedDocuments in the one that serves
 * @param sampled so many documents of either were looked for in the other
 * @param differing of these, so many were others there, or not there at all, and still were when both were looked at again
 * @param examples ids of some of them
 */
@RegisterForReflection
public record Comparison(String index, String served, long documents, long servedDocuments, int sampled, int differing, List<String> examples) {}
