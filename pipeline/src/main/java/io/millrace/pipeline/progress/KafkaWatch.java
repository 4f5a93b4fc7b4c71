package io.millrace.pipeline.progress;

import io.millrace.pipeline.liveness.Loops;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** The clients of Kafka of one that only looks: how far topics and groups are, and what a topic of last words says. Thread-safe. */
public final class KafkaWatch implements AutoCloseable {

    private static final Duration CLOSING = Duration.ofSeconds(2);
    /** How long Kafka may wait for a record before it answers a fetch, in milliseconds: until one comes each fetch is for nothing, and one that comes ends the wait. */
    private static final int LONG_FETCH = 5_000;

    private final Map<String, Object> settings;
    private final Loops loops;
    private final Admin admin;

    /**
     * @param shared settings of every client of Kafka; those of a consumer group do not count
     * @param loops watches the threads of what is followed
     */
    public KafkaWatch(Map<String, Object> shared, Loops loops) {
        this.loops = loops;
        var own = new HashMap<>(shared);
        own.remove(ConsumerConfig.GROUP_ID_CONFIG);
        own.put("request.timeout.ms", 3_000);
        own.put("default.api.timeout.ms", 5_000);
        own.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        own.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        own.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        this.admin = Admin.create(own);
        own.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, LONG_FETCH);
        // Above the wait, or the client would take a Kafka that has nothing to say for one that is away.
        own.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, 2 * LONG_FETCH);
        this.settings = Map.copyOf(own);
    }

    public Offsets offsets() {
        return new Offsets(admin);
    }

    /** Whether Kafka lets this client in, and these topics may be read as this group. */
    public ReadRights rights(List<String> topics, String group) {
        return new ReadRights(admin, settings, topics, group);
    }

    /** Follows a topic of one partition; reads nothing before it is asked. */
    public Tail tail(String topic) {
        return new Tail(settings, topic, loops);
    }

    @Override
    public void close() {
        admin.close(CLOSING);
    }
}
