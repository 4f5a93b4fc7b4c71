package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.Plan;
import io.millrace.pipeline.topic.Topics;

/**
 * The topics that one pipeline's join writes.
 *
 * @param application id of the Streams application, which is also its consumer group
 * @param exchange between the stages of the join; its records are deleted as soon as they are consumed
 * @param state one partition: what {@link Topics#joinState} describes
 * @param documents the finished documents
 * @param quarantine what could not be read or built
 */
public record JoinTopics(String application, String exchange, String state, String documents, String quarantine) {

    /** A partition whose documents are all emitted, as far as its records are consumed. */
    static final String IDLE = "idle";

    /** @param generation 0 for the first build; a later one stands beside it under names of its own */
    public static JoinTopics of(Plan plan, int generation) {
        var application = Topics.joinGroup(plan.pipeline(), generation);
        return new JoinTopics(application, Topics.exchange(application), Topics.joinState(application), Topics.documents(plan.pipeline()), Topics.quarantineDocuments(plan.pipeline()));
    }
}
