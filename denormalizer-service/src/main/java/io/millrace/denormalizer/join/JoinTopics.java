package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.Plan;
import io.millrace.pipeline.topic.Topics;

/**
 * The topics that one pipeline's join writes.
 *
 * @param application id of the Streams application, which is also its consumer group
 * @param exchange between the stages of the join; its records are deleted as soon as they are consumed
 * @param documents the finished documents
 * @param quarantine what could not be read or built
 */
public record JoinTopics(String application, String exchange, String documents, String quarantine) {

    /** @param generation 0 for the first build; a later one stands beside it under names of its own */
    public static JoinTopics of(Plan plan, int generation) {
        var application = "millrace-denormalizer-" + plan.pipeline() + (generation == 0 ? "" : "-g" + generation);
        return new JoinTopics(application, application + "-exchange", Topics.documents(plan.pipeline()), Topics.quarantineDocuments(plan.pipeline()));
    }
}
