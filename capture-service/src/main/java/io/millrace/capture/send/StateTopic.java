package io.millrace.capture.send;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
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
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(10);
    private static final Duration BETWEEN = Duration.ofMillis(20);

    private final KafkaSettings kafka;
    private final String name;
    private final Map<String, String> settings;
    /** Whether nobody who sends may be held up by a topic that is not there. */
    private final boolean hasty;
    /** Is told where each record stands that Kafka took, by the producer's thread. */
    private final Consumer<RecordMetadata> taken;
    /** The offset behind the last record that this process wrote, below zero before the first. Used by the producer's thread. */
    private long next = -1;
    /** How often somebody else may have written. Written by the producer's thread. */
    private volatile long strangers;
    /** Held while a record goes to the producer, which may wait for Kafka. */
    private final Object order = new Object();
    /** Guarded by {@link #order}: what this process gave the producer for each key since {@link #begin}, null for what is forgotten. */
    private final Map<String, String> written = new TreeMap<>();
    /** Guarded by this; made at the first use. */
    private KafkaProducer<byte[], byte[]> producer;

    StateTopic(KafkaSettings kafka, String name, Map<String, String> settings) {
        this(kafka, name, settings, false, _ -> {});
    }

    /**
     * @param hasty whether what cannot be sent at once fails
     * @param taken is told where each record stands that Kafka took; must not wait
     */
    StateTopic(KafkaSettings kafka, String name, Map<String, String> settings, boolean hasty, Consumer<RecordMetadata> taken) {
        this.kafka = kafka;
        this.name = name;
        this.settings = settings;
        this.hasty = hasty;
        this.taken = taken;
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
            long deadline = System.nanoTime() + LONGEST_SILENCE.toNanos();
            while (consumer.position(partition) < end) {
                var records = consumer.poll(Duration.ofMillis(500));
                if (!records.isEmpty()) {
                    deadline = System.nanoTime() + LONGEST_SILENCE.toNanos();
                } else if (System.nanoTime() > deadline) {
                    throw new TimeoutException("nothing came for " + LONGEST_SILENCE.toSeconds() + " s from offset " + consumer.position(partition) + " on, and the end was " + end);
                }
                for (var record : records) {
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
        await(send(key, value));
    }

    /**
     * Remembers some, and forgets those whose value is null; returns when Kafka has all of them.
     *
     * @throws SendException when Kafka does not take one
     */
    void write(Map<String, String> values) throws InterruptedException {
        for (var sent : values.entrySet().stream().map(value -> send(value.getKey(), value.getValue())).toList()) {
            await(sent);
        }
    }

    /**
     * Waits until Kafka has what was sent.
     *
     * @throws SendException when Kafka does not take it
     */
    void await(Future<?> sent) throws InterruptedException {
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw kafka.away("Writing the topic " + name, e);
        }
    }

    private Future<?> send(String key, String value) {
        return send(key, value, null);
    }

    /**
     * As {@link #write(String, String)}, without waiting for Kafka to have it. Kafka that is away may be waited for before, for 10 s at most.
     *
     * @param key null for none
     * @param value null to forget it
     * @param then is told how it went, null for nobody
     * @return fails where it went wrong
     */
    Future<?> send(String key, String value, Callback then) {
        var record = new ProducerRecord<>(name, 0, key == null ? null : key.getBytes(StandardCharsets.UTF_8), value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        try {
            synchronized (order) {
                if (key != null) {
                    written.put(key, value);
                }
                return producer().send(record, (metadata, failure) -> {
                    if (failure == null) {
                        follows(metadata);
                        taken.accept(metadata);
                    }
                    if (then != null) {
                        then.onCompletion(metadata, failure);
                    }
                });
            }
        } catch (KafkaException e) {
            if (then != null) {
                then.onCompletion(null, e);
            }
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Records of one process stand one behind the other, unless somebody else writes, or one came twice. */
    private void follows(RecordMetadata written) {
        if (!written.hasOffset() || next >= 0 && written.offset() != next) {
            strangers++;
        }
        next = written.hasOffset() ? written.offset() + 1 : -1;
    }

    /** How often somebody else may have written, before what this process wrote last. */
    long strangers() {
        return strangers;
    }

    /** What this process writes from here on counts, whoever writes something else. */
    void begin() {
        synchronized (order) {
            written.clear();
        }
    }

    /**
     * Writes again what this process wrote where another value stands, in the order of what it writes meanwhile; returns when Kafka has it.
     *
     * @param found the last values, read later than they were written
     * @throws SendException when Kafka does not take one
     */
    void insist(Map<String, String> found) throws InterruptedException {
        var sent = new ArrayList<Future<?>>();
        synchronized (order) {
            for (var key : List.copyOf(written.keySet())) {
                if (!Objects.equals(written.get(key), found.get(key))) {
                    sent.add(send(key, written.get(key)));
                }
            }
        }
        for (var one : sent) {
            await(one);
        }
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
