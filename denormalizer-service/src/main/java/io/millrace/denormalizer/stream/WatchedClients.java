package io.millrace.denormalizer.stream;

import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.apache.kafka.streams.errors.StreamsException;

/**
 * Kafka's clients of one Streams application, by which its stream threads give signs of life: each round of a stream thread
 * begins with a poll of its own consumer, whether it has tasks, restores state or waits for Kafka. A thread that is stuck in
 * one record does not come to the next poll. Documents are numbered as they are sent. Thread-safe.
 */
final class WatchedClients implements KafkaClientSupplier, AutoCloseable {

    private static final int KAFKAS_DELIVERY_TIMEOUT = 120_000;
    /** How long a poll waits for a record while nothing else is to be done. A record ends the wait. */
    private static final Duration REST = Duration.ofMillis(500);

    private final Loops loops;
    private final Duration silence;
    private final BooleanSupplier rests;
    private final BooleanSupplier isStateOld;
    private final String documents;
    private final Set<Loop> begun = ConcurrentHashMap.newKeySet();
    private final ThreadLocal<Loop> own = ThreadLocal.withInitial(this::begin);

    /**
     * @param silence the longest time between two polls, beside what a commit waits for the producer
     * @param rests whether the stream threads have nothing to do before the next record
     * @param isStateOld whether state on this disk may be too old to go on with
     * @param documents the topic whose records are numbered
     */
    WatchedClients(Loops loops, Duration silence, BooleanSupplier rests, BooleanSupplier isStateOld, String documents) {
        this.loops = loops;
        this.silence = silence;
        this.rests = rests;
        this.isStateOld = isStateOld;
        this.documents = documents;
    }

    private Loop begin() {
        var thread = Thread.currentThread();
        var loop = loops.begin(thread.getName(), silence, thread);
        begun.add(loop);
        return loop;
    }

    @Override
    public Admin getAdmin(Map<String, Object> config) {
        return Admin.create(config);
    }

    @Override
    public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer()) {
            @Override
            public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
                // Streams asks with no time to wait while it has records of its own.
                var wait = timeout.isPositive() && rests.getAsBoolean() ? REST : timeout;
                own.get().waits(wait);
                return super.poll(wait);
            }

            @Override
            public void subscribe(Collection<String> topics, ConsumerRebalanceListener listener) {
                super.subscribe(topics, ending(listener));
            }

            @Override
            public void subscribe(Pattern topics, ConsumerRebalanceListener listener) {
                super.subscribe(topics, ending(listener));
            }
        };
    }

    /**
     * Ends the application where its partitions were another's without its knowledge, as after a process was frozen or cut off, and the state on its disk
     * may be too old by now: Streams would go on with it. A session that a busy machine let pass is no reason.
     */
    private ConsumerRebalanceListener ending(ConsumerRebalanceListener streams) {
        return new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                streams.onPartitionsRevoked(partitions);
            }

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                streams.onPartitionsAssigned(partitions);
            }

            @Override
            public void onPartitionsLost(Collection<TopicPartition> partitions) {
                streams.onPartitionsLost(partitions);
                if (!partitions.isEmpty() && isStateOld.getAsBoolean()) {
                    throw new StreamsException("Kafka did not hear of this instance for longer than its session, and gave the partitions " + partitions + " away; the state on this disk may lack deletions by now, so the join begins anew");
                }
            }
        };
    }

    @Override
    public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
        var delivery = Duration.ofMillis(Long.parseLong(String.valueOf(config.getOrDefault(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, KAFKAS_DELIVERY_TIMEOUT))));
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer()) {

            private final Numbering numbering = new Numbering();
            /** Whether something that was numbered may not be in the log. */
            private final AtomicBoolean inDoubt = new AtomicBoolean();

            @Override
            public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
                if (!record.topic().equals(documents)) {
                    return super.send(record, callback);
                }
                if (inDoubt.getAndSet(false)) {
                    numbering.renew();
                }
                return super.send(numbering.numbered(record), (metadata, failure) -> {
                    if (failure != null) {
                        inDoubt.set(true);
                    }
                    callback.onCompletion(metadata, failure);
                });
            }

            @Override
            public void flush() {
                own.get().waits(delivery);
                super.flush();
                if (!inDoubt.get()) {
                    numbering.settled();
                }
            }
        };
    }

    @Override
    public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
        return getRestoreConsumer(config);
    }

    /** The application has ended, and its threads with it. */
    @Override
    public void close() {
        begun.forEach(Loop::close);
    }
}
