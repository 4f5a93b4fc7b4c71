package io.millrace.indexer.handover;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;

/**
 * How an index compares with the one that serves. Of indexes of two pipelines, whose documents have two shapes and versions that do not compare, only what is there is compared.
 *
 * @param documents in the index; null where that is not known
 * @param servedDocuments in the one that serves; null where that is not known
 * @param estimated whether one of the two is estimated, as of a large table
 * @param sampled so many documents were looked for in both: some of either that were taken at random, and those that the index refused
 * @param differing of these, so many were others there, or not there at all, and still were when both were looked at again
 * @param lacking of these, so many are in the index that serves and not in this one, or not as they are there: what readers would lose
 * @param refused of these, so many stand in quarantine because this index refused them
 * @param examples ids of some that differ, those that readers would lose first
 * @param losses what readers would lose if the index served, in words; null where nothing was found that they would
 */
@RegisterForReflection
public record Comparison(String index, String served, Long documents, Long servedDocuments, boolean estimated, int sampled, int differing, int lacking, int refused, List<String> examples, String losses) {}
