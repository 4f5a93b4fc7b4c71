package io.millrace.indexer.quarantine;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * What came of an order about all documents that stand in quarantine.
 *
 * @param replayed so many are sent again
 * @param left so many are not, because no index takes them: it is not there any more, or the join set them aside
 * @param more whether there may be others, for which the order has to be given again
 */
@RegisterForReflection
public record Ordered(int replayed, int left, boolean more) {}
