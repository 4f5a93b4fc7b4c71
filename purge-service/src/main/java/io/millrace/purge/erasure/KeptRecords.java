package io.millrace.purge.erasure;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;

/** How long Kafka keeps records that newer ones have replaced, by the settings that the topics have now. Thread-safe. */
@ApplicationScoped
class KeptRecords {

    private static final Duration CLOSING = Duration.ofSeconds(1);
    /** The cleaner looks each quarter of a minute, and then has a queue. */
    private static final Duration CLEANER = Duration.ofHours(1);

    private final Admin admin;

    KeptRecords(@Identifier("default-kafka-broker") Map<String, Object> settings) {
        var own = new HashMap<>(settings);
        own.put("request.timeout.ms", 3_000);
        own.put("default.api.timeout.ms", 5_000);
        this.admin = Admin.create(own);
    }

    /**
     * The longest of all topics that rows and documents of these pipelines go through.
     *
     * @return empty where one of them sets no limit
     */
    Optional<Duration> longest(Collection<Pipeline> pipelines) throws InterruptedException {
        var longest = Duration.ZERO;
        for (var config : settings(topics(pipelines))) {
            var kept = kept(config);
            if (kept.isEmpty()) {
                return Optional.empty();
            }
            longest = kept.get().compareTo(longest) > 0 ? kept.get() : longest;
        }
        return Optional.of(longest);
    }

    private Set<String> topics(Collection<Pipeline> pipelines) throws InterruptedException {
        var existing = get(admin.listTopics().names());
        var topics = new TreeSet<String>();
        for (var pipeline : pipelines) {
            var source = pipeline.source().name();
            pipeline.tableNames().forEach(table -> topics.addAll(List.of(Topics.captured(source, table), Topics.rows(source, table))));
            topics.addAll(List.of(Topics.documents(pipeline.name()), Topics.quarantineDocuments(pipeline.name()), Topics.enrichment(pipeline.name())));
            existing.stream().filter(topic -> topic.startsWith(Topics.joinGroup(pipeline.name()) + "-") && topic.endsWith("-changelog")).forEach(topics::add);
        }
        topics.retainAll(existing);
        return topics;
    }

    private Collection<Config> settings(Set<String> topics) throws InterruptedException {
        return get(admin.describeConfigs(topics.stream().map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList()).all()).values();
    }

    /** Compaction reaches a record once its segment is closed, which a later record of the partition does; retention once the whole segment is old enough. */
    private static Optional<Duration> kept(Config config) {
        long millis = number(config, TopicConfig.CLEANUP_POLICY_CONFIG).contains(TopicConfig.CLEANUP_POLICY_COMPACT) ? Long.parseLong(number(config, TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG))
                : Long.parseLong(number(config, TopicConfig.RETENTION_MS_CONFIG));
        long segment = number(config, TopicConfig.CLEANUP_POLICY_CONFIG).contains(TopicConfig.CLEANUP_POLICY_COMPACT) ? 0 : Long.parseLong(number(config, TopicConfig.SEGMENT_MS_CONFIG));
        return millis < 0 || millis == Long.MAX_VALUE ? Optional.empty() : Optional.of(Duration.ofMillis(millis).plusMillis(segment).plus(CLEANER));
    }

    private static String number(Config config, String name) {
        return config.get(name).value();
    }

    private static <T> T get(org.apache.kafka.common.KafkaFuture<T> asked) throws InterruptedException {
        try {
            return asked.get();
        } catch (ExecutionException e) {
            throw new KafkaException("Asking Kafka how long it keeps records failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    @PreDestroy
    void close() {
        admin.close(CLOSING);
    }
}
