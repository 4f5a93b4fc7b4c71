package io.millrace.capture.send;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A topic of one partition in which each key's last value is what counts. Thread-safe. */
final class StateTopic implements AutoCloseable {

    private static final int MOST_BYTES = 8 << 20;
    private static final Duration LONGEST_MEETING = Duration.ofSeconds(10);
    private static final Duration BETWEEN = Duration.ofMillis(20);

    private final KafkaSettings kafka;
    private final String name;
    private final Map<String, String> settings;
    /** Whether nobody who sends may be held up by a topic that is not there. */
    private final boolean hasty;
    /** The offset behind the last record that this process wrote, below zero before the first. Used by the producer's thread. */
    private long next = -1;
    private volatile boolean others;
    /** Guarded by this; made at the first use. */
    private KafkaProducer<byte[], byte[]> producer;

    StateTopic(KafkaSettings kafka, String name, Map<String, String> settings) {
        this(kafka, name, settings, false);
    }

    /** @param hasty whether what cannot be sent at once fails */
    StateTopic(KafkaSettings kafka, String name, Map<String, String> settings, boolean hasty) {
        this.kafka = kafka;
        this.name = name;
        this.settings = settings;
        this.hasty = hasty;
    }

    /**
     * Makes the topic when it is not there.
     *
     * @throws SendException when Kafka cannot be asked
     */
    void create() throws InterruptedException {
        try (var admin = Admin.create(kafka.client())) {
            if (!admin.listTopics().names().get().contains(name)) {
                admin.createTopics(List.of(new NewTopic(name, Optional.of(1), Optional.empty()).configs(settings))).all().get();
            }
            if (hasty) {
                meet();
            }
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw kafka.away("Making the topic " + name, e);
            }
        } catch (KafkaException e) {
            throw kafka.away("Making the topic " + name, e);
        }
    }

    /** Has the producer know the topic, since it sends nothing before. */
    private void meet() throws InterruptedException {
        for (long deadline = System.nanoTime() + LONGEST_MEETING.toNanos();; Thread.sleep(BETWEEN)) {
            try {
                producer().partitionsFor(name);
                return;
            } catch (TimeoutException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
            }
        }
    }

    /**
     * The last value of each key.
     *
     * @throws SendException when Kafka cannot be asked
     */
    Map<String, String> read() {
        var client = kafka.client();
        client.put("isolation.level", "read_committed");
        client.put("auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partition = new TopicPartition(name, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            var values = new TreeMap<String, String>();
            while (consumer.position(partition) < end) {
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    var key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
                    if (record.value() == null) {
                        values.remove(key);
                    } else {
                        values.put(key, new String(record.value(), StandardCharsets.UTF_8));
                    }
                }
            }
            return values;
        } catch (KafkaException e) {
            throw kafka.away("Reading the topic " + name, e);
        }
    }

    /**
     * Remembers a value; returns when Kafka has it.
     *
     * @param key null for none
     * @param value null to forget it
     * @throws SendException when Kafka does not take it
     */
    void write(String key, String value) throws InterruptedException {
        try {
            send(key, value).get();
        } catch (ExecutionException | KafkaException e) {
            throw kafka.away("Writing the topic " + name, e);
        }
    }

    /**
     * Remembers some, and forgets those whose value is null; returns when Kafka has all of them.
     *
     * @throws SendException when Kafka does not take one
     */
    void write(Map<String, String> values) throws InterruptedException {
        try {
            for (var sent : values.entrySet().stream().map(value -> send(value.getKey(), value.getValue())).toList()) {
                sent.get();
            }
        } catch (ExecutionException | KafkaException e) {
            throw kafka.away("Writing the topic " + name, e);
        }
    }

    private Future<?> send(String key, String value) {
        return send(key, value, null);
    }

    /**
     * As {@link #write(String, String)}, without waiting.
     *
     * @param key null for none
     * @param value null to forget it
     * @param then is told how it went, null for nobody
     * @throws KafkaException when Kafka is known not to take it
     */
    Future<?> send(String key, String value, Callback then) {
        return producer().send(new ProducerRecord<>(name, 0, key == null ? null : key.getBytes(StandardCharsets.UTF_8), value == null ? null : value.getBytes(StandardCharsets.UTF_8)), (metadata, failure) -> {
            if (failure == null) {
                follows(metadata);
            }
            if (then != null) {
                then.onCompletion(metadata, failure);
            }
        });
    }

    /** Records of one process stand one behind the other, unless somebody else writes, or one came twice. */
    private void follows(RecordMetadata written) {
        if (!written.hasOffset() || next >= 0 && written.offset() != next) {
            others = true;
        }
        next = written.hasOffset() ? written.offset() + 1 : -1;
    }

    /** Whether somebody else may have written since {@link #looked}, before what this process wrote last. */
    boolean othersWrote() {
        return others;
    }

    /** Who wrote until now is looked at. */
    void looked() {
        others = false;
    }

    /** Who wrote is still to be looked at. */
    void suspect() {
        others = true;
    }

    private synchronized KafkaProducer<byte[], byte[]> producer() {
        if (producer == null) {
            var properties = kafka.producer(MOST_BYTES);
            if (hasty) {
                properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 0);
            }
            producer = new KafkaProducer<>(properties);
        }
        return producer;
    }

    @Override
    public synchronized void close() {
        if (producer != null) {
            producer.close(Duration.ZERO);
            producer = null;
        }
    }
}
