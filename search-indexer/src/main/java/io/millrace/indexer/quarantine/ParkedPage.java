package io.millrace.indexer.quarantine;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;

/**
 * Some of the documents that stand in quarantine.
 *
 * @param count how many stand there
 * @param more whether they are more than that; then those that were parked first are told
 */
@RegisterForReflection
public record ParkedPage(int count, boolean more, List<ParkedView> documents) {}
