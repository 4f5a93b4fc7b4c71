package io.millrace.indexer.quarantine;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Set;

/**
 * What somebody wants to be done with parked documents.
 *
 * @param reason why; kept beside the documents
 * @param by who; may be left out
 * @param ids which; left out for all
 * @param count how many, where they are given up
 */
@RegisterForReflection
public record Decision(String reason, String by, Set<String> ids, Long count) {

    Set<String> chosen() {
        return ids == null ? Set.of() : ids;
    }

    String decider() {
        return by == null ? "" : by;
    }
}
