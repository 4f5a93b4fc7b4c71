package io.millrace.pipeline.log;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Which topics are there under which ids, and of which cluster they are. A topic that was there before is asked for by its id, which takes one request for all of them where names take two. The cluster is asked for again when a
 * topic has an id that was not seen before: a Kafka that was made anew has made its topics anew as well. Not thread-safe.
 */
final class Identities {

    private final Map<String, Uuid> seen = new HashMap<>();
    /** Null where it has to be asked for. */
    private String cluster;

    /**
     * Those of the topics that are there, by name.
     *
     * @throws KafkaException where Kafka does not answer or refuses
     */
    Map<String, TopicDescription> of(Admin admin, Collection<String> topics) throws InterruptedException {
        var described = bySeenId(admin, topics);
        var others = topics.stream().filter(topic -> !described.containsKey(topic)).toList();
        if (others.isEmpty()) {
            return described;
        }
        for (var answer : admin.describeTopics(others).topicNameValues().entrySet()) {
            try {
                var topic = answer.getValue().get();
                described.put(answer.getKey(), topic);
                if (!topic.topicId().equals(seen.put(answer.getKey(), topic.topicId()))) {
                    cluster = null;
                }
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw Look.failed("Describing the topic " + answer.getKey(), e);
                }
            }
        }
        return described;
    }

    private Map<String, TopicDescription> bySeenId(Admin admin, Collection<String> topics) throws InterruptedException {
        var names = topics.stream().filter(seen::containsKey).collect(Collectors.toMap(seen::get, Function.identity()));
        var described = new HashMap<String, TopicDescription>();
        for (var answer : admin.describeTopics(TopicCollection.ofTopicIds(names.keySet())).topicIdValues().entrySet()) {
            var name = names.get(answer.getKey());
            try {
                described.put(name, answer.getValue().get());
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicIdException)) {
                    throw Look.failed("Describing the topic " + name, e);
                }
            }
        }
        return described;
    }

    /**
     * The id of the cluster whose topics were looked at last.
     *
     * @throws KafkaException where Kafka does not answer or refuses
     */
    String cluster(Admin admin) throws InterruptedException {
        if (cluster == null) {
            cluster = Look.get("Asking for the cluster's id", admin.describeCluster().clusterId());
        }
        return cluster;
    }
}
