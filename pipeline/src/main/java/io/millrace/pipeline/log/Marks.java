package io.millrace.pipeline.log;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The marks of a group, in a compacted topic of one partition that groups may share. The key is {@code group topic partition};
 * {@code group} alone says since when the group has been there, {@code group life} in which {@link Life} a join is, and
 * {@code group/proof}, which versions that know of none take for another group's, of which life the documents were found to be those
 * of the database. The last record of a key holds, but for marks of a life that is over: whoever was frozen while it wrote one writes
 * it into the next. Not thread-safe.
 */
final class Marks implements AutoCloseable {

    private static final String LIFE = "life";
    private static final String PROOF = "/proof";
    /** Behind a mark stands the number of the life in which it was written; versions that know of none leave that out. */
    private static final String IN_LIFE = " life ";
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration LONGEST = Duration.ofSeconds(20);
    private static final Map<String, String> SETTINGS = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT,
            TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(4 << 20),
            TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.1");

    private final TopicPartition log;
    private final String group;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaProducer<byte[], byte[]> producer;
    private final Map<TopicPartition, Mark> marks = new HashMap<>();
    /** By partition, in which life its mark was written. */
    private final Map<TopicPartition, Long> written = new HashMap<>();
    /** Of all groups. */
    private final Set<String> keys = new HashSet<>();
    private final List<Future<RecordMetadata>> sent = new ArrayList<>();
    private long since;
    private Life life = Life.FIRST;
    private long proven;

    /**
     * @param kafka settings of every client of Kafka
     * @param group null where only {@link #forget} is wanted, of all groups
     */
    Marks(Map<String, Object> kafka, String topic, String group) {
        this.log = new TopicPartition(topic, 0);
        this.group = group;
        this.consumer = new KafkaConsumer<>(reading(kafka), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.producer = new KafkaProducer<>(writing(kafka), new ByteArraySerializer(), new ByteArraySerializer());
        consumer.assign(List.of(log));
        consumer.seekToBeginning(List.of(log));
    }

    private static Map<String, Object> reading(Map<String, Object> kafka) {
        var settings = OffsetGuard.own(kafka);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 50);
        return settings;
    }

    private static Map<String, Object> writing(Map<String, Object> kafka) {
        var settings = OffsetGuard.own(kafka);
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 1L << 20);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 5_000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000);
        return settings;
    }

    /** Under which it stands in which life a group's join is. */
    static String lifeKey(String group) {
        return group + " " + LIFE;
    }

    /** Under which it stands up to which life the documents were found to be those of the database. */
    static String proofKey(String group) {
        return group + PROOF;
    }

    /** Makes the topic where it is missing. */
    void ensure(Admin admin, short replication) throws InterruptedException {
        try {
            var copies = replication < 0 ? Optional.<Short>empty() : Optional.of(replication);
            admin.createTopics(List.of(new NewTopic(log.topic(), Optional.of(1), copies).configs(SETTINGS))).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new KafkaException("Creating the topic " + log.topic() + " failed: " + e.getCause().getMessage(), e.getCause());
            }
        }
    }

    /** Reads what was written since; has all that stood in the topic when this was called. */
    void read() {
        long end = consumer.endOffsets(List.of(log)).get(log);
        long until = System.nanoTime() + LONGEST.toNanos();
        while (consumer.position(log) < end) {
            if (System.nanoTime() > until) {
                throw new KafkaException("Reading the topic " + log.topic() + " up to offset " + end + " failed: it is at " + consumer.position(log) + " after " + LONGEST);
            }
            for (var record : consumer.poll(POLL)) {
                apply(new String(record.key(), StandardCharsets.UTF_8), record.value());
            }
        }
        if (life.begun()) {
            written.entrySet().removeIf(mark -> mark.getValue() < life.number());
            marks.keySet().retainAll(written.keySet());
        }
    }

    private void apply(String key, byte[] value) {
        var names = key.split(" ");
        keys.add(key);
        var text = value == null ? null : new String(value, StandardCharsets.UTF_8);
        if (key.equals(proofKey(group))) {
            proven = text == null ? 0 : Long.parseLong(text);
        }
        if (!names[0].equals(group)) {
            return;
        }
        if (names.length == 1) {
            since = text == null ? 0 : Long.parseLong(text);
        } else if (names.length == 2) {
            life = text == null ? Life.FIRST : Life.parse(text);
        } else {
            apply(partition(names), text);
        }
    }

    private void apply(TopicPartition partition, String text) {
        if (text == null) {
            marks.remove(partition);
            written.remove(partition);
            return;
        }
        int end = text.lastIndexOf(IN_LIFE);
        long number = end < 0 ? life.number() : Long.parseLong(text.substring(end + IN_LIFE.length()));
        if (number >= written.getOrDefault(partition, 0L)) {
            marks.put(partition, Mark.parse(end < 0 ? text : text.substring(0, end)));
            written.put(partition, number);
        }
    }

    private static TopicPartition partition(String[] names) {
        return new TopicPartition(names[1], Integer.parseInt(names[2]));
    }

    /** By partition, as they were last read. */
    Map<TopicPartition, Mark> all() {
        return marks;
    }

    /** Since when the group has been there, in milliseconds since 1970; 0 where nobody has said so. */
    long since() {
        return since;
    }

    /** In which life the group's join is. */
    Life life() {
        return life;
    }

    /** Whether the documents of the life that has begun were found to be those of the database; of the first one nobody asks for that. */
    boolean isProven() {
        return life.number() <= proven;
    }

    /** Durable once {@link #flush()} has come back. */
    void write(Life life) {
        send(lifeKey(group), life.text());
    }

    /** The documents of the life that was last read are those of the database. Durable once {@link #flush()} has come back. */
    void writeProof() {
        send(proofKey(group), Long.toString(life.number()));
    }

    void writeSince(long millis) {
        send(group, Long.toString(millis));
    }

    /** Of the life that was last read. Durable once {@link #flush()} has come back. */
    void write(TopicPartition partition, Mark mark) {
        send(group + " " + partition.topic() + " " + partition.partition(), mark.text() + IN_LIFE + life.number());
    }

    /** Removes the marks of all groups in these topics. Durable once {@link #flush()} has come back. */
    void forget(Collection<String> topics) {
        keys.stream().filter(key -> key.indexOf(' ') > 0 && topics.contains(key.split(" ")[1])).forEach(key -> send(key, null));
    }

    private void send(String key, String value) {
        sent.add(producer.send(new ProducerRecord<>(log.topic(), log.partition(), key.getBytes(StandardCharsets.UTF_8), value == null ? null : value.getBytes(StandardCharsets.UTF_8))));
    }

    /** Waits until all that was written is acknowledged. */
    void flush() throws InterruptedException {
        try {
            for (var acknowledgement : sent) {
                acknowledgement.get();
            }
        } catch (ExecutionException e) {
            throw new KafkaException("Writing to " + log.topic() + " failed: " + e.getCause().getMessage(), e.getCause());
        } finally {
            sent.clear();
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(2));
        consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
    }
}
