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

    public static JoinTopics of(Plan plan) {
        var application = Topics.joinGroup(plan.pipeline());
        return new JoinTopics(application, Topics.exchange(application), Topics.joinState(application), Topics.documents(plan.pipeline()), Topics.quarantineDocuments(plan.pipeline()));
    }
}
