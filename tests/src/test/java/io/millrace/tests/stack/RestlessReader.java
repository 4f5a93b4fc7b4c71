package io.millrace.tests.stack;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A stock consumer of one topic that begins again from the first record now and then, as one that lost its place does. It reads on a thread of its own until it is closed. */
final class RestlessReader implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(200);

    private final String topic;
    private final Duration every;
    private final Map<String, Object> settings;
    private final Consumer<ConsumerRecord<byte[], byte[]>> taker;
    private final Thread thread;
    private volatile boolean stopping;
    private volatile RuntimeException failure;
    private volatile int begun;

    /**
     * @param settings Kafka's, with the brokers and the group
     * @param every how often it begins again
     * @param taker of each record, on the reader's thread; what it throws ends the reading
     */
    RestlessReader(String topic, Map<String, Object> settings, Duration every, Consumer<ConsumerRecord<byte[], byte[]>> taker) {
        this.topic = topic;
        this.every = every;
        this.settings = new HashMap<>(settings);
        this.settings.put("auto.offset.reset", "earliest");
        this.taker = taker;
        this.thread = Thread.ofPlatform().name(settings.get("group.id").toString()).start(this::live);
    }

    private void live() {
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            long due = System.nanoTime() + every.toNanos();
            while (!stopping) {
                consumer.poll(POLL).forEach(taker);
                if (System.nanoTime() > due && !consumer.assignment().isEmpty()) {
                    consumer.seekToBeginning(consumer.assignment());
                    due = System.nanoTime() + every.toNanos();
                    begun++;
                }
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /** @throws RuntimeException what ended the reading */
    void requireReading() {
        if (failure != null) {
            throw failure;
        }
    }

    /** How often it has begun again from the first record. */
    int begun() {
        return begun;
    }

    @Override
    public void close() throws InterruptedException {
        stopping = true;
        thread.join();
    }
}
