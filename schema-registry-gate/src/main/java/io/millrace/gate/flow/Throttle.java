package io.millrace.gate.flow;

import io.smallrye.reactive.messaging.ClientCustomizer;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.config.Config;

/**
 * Lets the lanes know of records in the moment they are fetched, on the polling thread, so that a partition whose lane has
 * enough is paused before the next fetch and what waits between the two threads stays bounded as well.
 */
public final class Throttle implements ConsumerInterceptor<byte[], byte[]> {

    private static final String LANES = "millrace.gate.lanes";

    private Lanes lanes;

    @Override
    public void configure(Map<String, ?> settings) {
        lanes = (Lanes) settings.get(LANES);
    }

    @Override
    public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
        lanes.fetched(records);
        return records;
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
        // What is committed was settled before.
    }

    @Override
    public void close() {
        // Holds nothing of its own.
    }

    /** Puts the interceptor into the framework's consumer. */
    @ApplicationScoped
    static class Installation implements ClientCustomizer<Map<String, Object>> {

        private final Lanes lanes;

        Installation(Lanes lanes) {
            this.lanes = lanes;
        }

        @Override
        public Map<String, Object> customize(String channel, Config channelConfig, Map<String, Object> settings) {
            settings.put(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG, Throttle.class.getName());
            settings.put(LANES, lanes);
            return settings;
        }
    }
}
