package io.millrace.pipeline.log;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * For how long topics keep what is in them, by their settings. Those seldom change and are the largest of a guard's answers, so what is known counts for {@link #FOR}. Not thread-safe.
 */
final class Keepings {

    private static final Duration FOR = Duration.ofSeconds(20);

    private final Map<String, Keeping> known = new HashMap<>();
    /** {@link System#nanoTime} of the last answer. */
    private long asked;

    /**
     * @param compacted whether older records of a key go
     * @param millis after which an unread record may be gone; {@link Log#FOR_EVER} where none goes by time
     */
    record Keeping(boolean compacted, long millis) {

        static final Keeping UNKNOWN = new Keeping(false, Log.FOR_EVER);

        static Keeping of(Config config) {
            var policy = config.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
            boolean compacted = policy.contains(TopicConfig.CLEANUP_POLICY_COMPACT);
            long deletions = compacted ? Long.parseLong(config.get(TopicConfig.DELETE_RETENTION_MS_CONFIG).value()) : Log.FOR_EVER;
            long retention = Long.parseLong(config.get(TopicConfig.RETENTION_MS_CONFIG).value());
            boolean expires = policy.contains(TopicConfig.CLEANUP_POLICY_DELETE) && retention >= 0;
            return new Keeping(compacted, expires ? Math.min(deletions, retention) : deletions);
        }
    }

    /**
     * By topic; without the right to read settings nothing is known of them, and the offsets alone are judged.
     *
     * @throws KafkaException where Kafka does not answer
     */
    Map<String, Keeping> of(Admin admin, Set<String> topics) throws InterruptedException {
        if (!known.keySet().containsAll(topics) || System.nanoTime() - asked > FOR.toNanos()) {
            known.clear();
            ask(admin, topics);
            asked = System.nanoTime();
        }
        return known;
    }

    private void ask(Admin admin, Set<String> topics) throws InterruptedException {
        for (var settings : admin.describeConfigs(topics.stream().map(t -> new ConfigResource(ConfigResource.Type.TOPIC, t)).toList()).values().entrySet()) {
            var topic = settings.getKey().name();
            try {
                known.put(topic, Keeping.of(settings.getValue().get()));
            } catch (ExecutionException e) {
                if (e.getCause() instanceof AuthorizationException) {
                    known.put(topic, Keeping.UNKNOWN);
                } else if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw Look.failed("Reading the settings of the topic " + topic, e);
                }
            }
        }
    }
}
