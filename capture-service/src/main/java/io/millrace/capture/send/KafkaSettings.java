package io.millrace.capture.send;

import io.millrace.pipeline.kafka.KafkaTrouble;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * How to reach Kafka.
 *
 * @param common what every client needs: the bootstrap servers, and security settings if there are any
 */
public record KafkaSettings(Map<String, Object> common) {

    /** How long a producer tries to have Kafka take a record. */
    static final Duration LONGEST_DELIVERY = Duration.ofSeconds(10);

    public String bootstrapServers() {
        return String.valueOf(common.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG));
    }

    /**
     * A producer that loses nothing and keeps the order.
     *
     * @param mostBytes largest record, in bytes
     */
    Map<String, Object> producer(int mostBytes) {
        var settings = new HashMap<String, Object>(common);
        settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        // A batch of changes is flushed as a whole; the linger only lets requests fill while a large one is being sent.
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        settings.put(ProducerConfig.BATCH_SIZE_CONFIG, 128 * 1024);
        settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, mostBytes);
        // A record must fit into what is held for sending, or it is refused as too large.
        settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, Math.max(32L << 20, mostBytes + (1L << 20)));
        // Short, so that health tells of an outage soon; the sender tries again by itself.
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Math.toIntExact(LONGEST_DELIVERY.toMillis()));
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
        settings.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
        settings.put(ProducerConfig.CLIENT_ID_CONFIG, "millrace-capture");
        return settings;
    }

    /** Settings of an admin client or a reader. */
    Map<String, Object> client() {
        var settings = new HashMap<String, Object>(common);
        settings.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        settings.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
        settings.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
        return settings;
    }

    /** Why Kafka was not asked or told something. */
    SendException away(String attempt, Exception e) {
        var cause = e instanceof ExecutionException ? e.getCause() : e;
        return new SendException(attempt + " at Kafka " + bootstrapServers() + " failed (" + cause.getMessage() + "); " + KafkaTrouble.advice(cause, common) + "; trying again", cause);
    }
}
