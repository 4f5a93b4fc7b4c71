package io.millrace.purge.enrichment;

import io.millrace.pipeline.file.Enrichment;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.source.Pipelines;
import io.quarkus.runtime.Startup;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jboss.logging.Logger;

/**
 * Merges what jobs write into the pipelines' topics. How far a partition was taken is committed with what it led to, so each record counts once, whatever ends this process, and whoever reads the partition next or still.
 */
@ApplicationScoped
@Startup
public class EnrichmentJobs {

    private static final Logger LOG = Logger.getLogger(EnrichmentJobs.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
    /** To a connection, to the answers of the database and of Kafka. */
    private static final Duration LONGEST_WORK = Duration.ofSeconds(60);
    private static final int MOST_RECORDS = 200;
    private static final int MOST_FETCHED = 4 << 20;
    /** A record that cannot be taken is copied up to this size. */
    private static final int MOST_COPIED = 1 << 20;
    private static final String NEXT = "SELECT next_offset FROM millrace.enrichment_taken WHERE pipeline = ? AND topic = ? AND partition = ? FOR UPDATE";
    private static final String BEGIN = "INSERT INTO millrace.enrichment_taken (pipeline, topic, partition, next_offset) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    private static final String TAKE = "UPDATE millrace.enrichment_taken SET next_offset = ? WHERE pipeline = ? AND topic = ? AND partition = ?";

    private final Enrichments enrichments;
    private final Map<String, Pipeline> byTopic;
    private final Map<String, Object> settings;
    private final Offsets offsets;
    private final LoopThread thread;
    /** Those that are read from where the database says. Of the one thread. */
    private final Set<TopicPartition> placed = new HashSet<>();
    private volatile String trouble;
    private volatile boolean stopped;
    /** Null while there is none. */
    private volatile KafkaConsumer<byte[], byte[]> open;

    EnrichmentJobs(Enrichments enrichments, Pipelines pipelines, PurgeConfig config, KafkaWatch kafka, @Identifier("default-kafka-broker") Map<String, Object> settings, Loops loops) {
        this.enrichments = enrichments;
        this.byTopic = pipelines.all().stream().filter(pipeline -> pipeline.enrichment() != null).collect(Collectors.toUnmodifiableMap(pipeline -> Topics.enrichment(pipeline.name()), Function.identity()));
        this.offsets = kafka.offsets();
        this.settings = new HashMap<>(settings);
        // The group of this service, so that an autoscaler sees these records too.
        this.settings.put(ConsumerConfig.GROUP_ID_CONFIG, config.group());
        this.thread = byTopic.isEmpty() ? null : loops.thread("enrichment by jobs", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    @PostConstruct
    void start() {
        if (thread != null) {
            thread.start();
        }
    }

    /** Why records of jobs wait; empty where they do not. */
    public Optional<String> trouble() {
        return Optional.ofNullable(trouble);
    }

    private void live(Loop loop) throws InterruptedException {
        var backoff = new Backoff(FIRST_WAIT, LONGEST_WAIT);
        while (!stopped) {
            loop.waits(LONGEST_WORK);
            try (var consumer = consumer(); var producer = producer()) {
                open = consumer;
                placed.clear();
                consumer.subscribe(byTopic.keySet(), new Assigned());
                follow(loop, consumer, producer, backoff);
            } catch (WakeupException | InterruptException e) {
                LOG.debug("The reading of what jobs add ends", e);
            } catch (KafkaException e) {
                say("Kafka did not answer: " + e.getMessage());
                loop.waits(LONGEST_WAIT);
                Thread.sleep(backoff.next());
            } finally {
                open = null;
            }
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        var own = new HashMap<>(settings);
        own.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        own.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        own.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        own.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MOST_RECORDS);
        own.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, MOST_FETCHED);
        own.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 5_000);
        return new KafkaConsumer<>(own, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private KafkaProducer<byte[], byte[]> producer() {
        var own = new HashMap<>(settings);
        own.remove(ConsumerConfig.GROUP_ID_CONFIG);
        own.put(ProducerConfig.ACKS_CONFIG, "all");
        own.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 2 * MOST_COPIED);
        own.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
        own.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        own.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000);
        return new KafkaProducer<>(own, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private void follow(Loop loop, KafkaConsumer<byte[], byte[]> consumer, KafkaProducer<byte[], byte[]> producer, Backoff backoff) throws InterruptedException {
        while (!stopped) {
            loop.waits(POLL);
            var records = consumer.poll(POLL);
            boolean isDone = true;
            for (var partition : consumer.assignment()) {
                loop.waits(LONGEST_WORK);
                isDone &= isTaken(partition, records.records(partition), consumer, producer);
            }
            if (isDone) {
                backoff.reset();
                trouble = null;
            } else {
                loop.waits(LONGEST_WAIT);
                Thread.sleep(backoff.next());
            }
        }
    }

    /** What is not taken comes again with the next poll; one pipeline's trouble does not keep the others' records. */
    private boolean isTaken(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, KafkaConsumer<byte[], byte[]> consumer, KafkaProducer<byte[], byte[]> producer) throws InterruptedException {
        try {
            if (!placed.contains(partition)) {
                place(partition, consumer);
                placed.add(partition);
            } else if (!records.isEmpty()) {
                take(partition, records, producer);
                // Only for those who ask how far the group is.
                consumer.commitAsync(Map.of(partition, new OffsetAndMetadata(records.getLast().offset() + 1)), null);
            }
            return true;
        } catch (Unfinished e) {
            say(partition.topic() + ": " + e.getMessage());
            if (!records.isEmpty()) {
                consumer.seek(partition, records.getFirst().offset());
            }
            return false;
        }
    }

    /** Begins where the database says, not where the group's offsets do. */
    private void place(TopicPartition partition, KafkaConsumer<byte[], byte[]> consumer) throws InterruptedException {
        long start = consumer.beginningOffsets(List.of(partition)).get(partition);
        long end = Math.max(start, consumer.endOffsets(List.of(partition)).get(partition));
        var pipeline = byTopic.get(partition.topic());
        long from = begun(pipeline, partition, start, end);
        if (from < start) {
            LOG.errorf("%s of %s did not last until they were added to documents: let the jobs write them anew, and keep this service running or raise kafka.keep.captured", Counted.of(start - from, "record"), partition);
            enrichments.count(pipeline, "lost", start - from);
        } else if (from > end) {
            LOG.errorf("%s ends at %d and was taken up to %d: Kafka came back from an older copy. What is written there from now on is taken", partition, end, from);
        }
        consumer.seek(partition, Math.clamp(from, start, end));
    }

    private long begun(Pipeline pipeline, TopicPartition partition, long start, long end) throws InterruptedException {
        var topic = id(partition);
        try {
            return enrichments.transaction(connection -> {
                try (var statement = connection.prepareStatement(BEGIN)) {
                    set(statement, 1, pipeline, topic, partition);
                    statement.setLong(4, start);
                    statement.executeUpdate();
                }
                long next = next(connection, pipeline, topic, partition);
                if (next < start || next > end) {
                    took(connection, pipeline, topic, partition, Math.clamp(next, start, end));
                }
                return next;
            });
        } catch (SQLException e) {
            throw new Unfinished(e);
        }
    }

    /** Another attempt begins where the last transaction ended. */
    private static final class Unfinished extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Unfinished(Exception cause) {
            super(cause.getMessage(), cause);
        }
    }

    private void say(String why) {
        if (!why.equals(trouble)) {
            LOG.warnf("What jobs add to documents waits, and is tried again: %s", why);
        }
        trouble = why;
    }

    private void take(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, KafkaProducer<byte[], byte[]> producer) throws InterruptedException {
        var pipeline = byTopic.get(partition.topic());
        var topic = id(partition);
        try {
            var merged = enrichments.transaction(connection -> {
                var rows = enrichments.rows(connection, pipeline);
                rows.share();
                long next = next(connection, pipeline, topic, partition);
                var counts = new HashMap<Boolean, Integer>();
                for (var record : records) {
                    if (record.offset() >= next) {
                        counts.merge(isMerged(connection, rows, record, producer, pipeline), 1, Integer::sum);
                    }
                }
                took(connection, pipeline, topic, partition, Math.max(next, records.getLast().offset() + 1));
                return counts;
            });
            merged.forEach((isMerged, count) -> enrichments.count(pipeline, isMerged ? "enriched" : "refused", count));
        } catch (SQLException | ProblemException e) {
            throw new Unfinished(e);
        }
    }

    /** False where it was set aside. */
    private boolean isMerged(Connection connection, EnrichedRows rows, ConsumerRecord<byte[], byte[]> record, KafkaProducer<byte[], byte[]> producer, Pipeline pipeline) throws SQLException {
        try (var savepoint = connection.createStatement()) {
            savepoint.execute("SAVEPOINT record");
            var why = refusal(rows, record);
            savepoint.execute(why == null ? "RELEASE SAVEPOINT record" : "ROLLBACK TO SAVEPOINT record");
            if (why != null) {
                setAside(producer, pipeline, record, why);
            }
            return why == null;
        }
    }

    /** Null where it was merged. */
    private static String refusal(EnrichedRows rows, ConsumerRecord<byte[], byte[]> record) throws SQLException {
        try {
            if (record.key() == null) {
                return "it has no key, which is the id of the document";
            }
            rows.merge(text(record.key()), record.value() == null ? null : text(record.value()));
            return null;
        } catch (CharacterCodingException e) {
            return "its key or its value is no UTF-8";
        } catch (ProblemException e) {
            return e.getMessage();
        }
    }

    private static String text(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    }

    /** Before the transaction ends: what is counted as taken stands there. */
    private static void setAside(KafkaProducer<byte[], byte[]> producer, Pipeline pipeline, ConsumerRecord<byte[], byte[]> record, String why) throws SQLException {
        boolean isLarge = record.serializedKeySize() + record.serializedValueSize() > MOST_COPIED;
        var headers = new RecordHeaders();
        Headers.set(headers, Headers.REASON, Headers.bytes(Enrichment.REFUSED));
        Headers.set(headers, Headers.DETAIL, Headers.bytes("Record " + record.offset() + " of " + record.topic() + "-" + record.partition() + " was not added to its document: " + why
                + (isLarge ? " It is too large to be copied, and stands there until it is too old" : "") + " A job writes it anew once that is corrected"));
        try {
            producer.send(new ProducerRecord<>(Topics.quarantineDocuments(pipeline.name()), null, isLarge ? null : record.key(), isLarge ? null : record.value(), headers)).get();
        } catch (ExecutionException e) {
            throw new SQLException("setting a record aside in " + Topics.quarantineDocuments(pipeline.name()) + " failed: " + e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    private String id(TopicPartition partition) throws InterruptedException {
        var id = offsets.ids(List.of(partition.topic())).get(partition.topic());
        if (id == null) {
            throw new KafkaException("there is no topic " + partition.topic());
        }
        return id;
    }

    /** Whoever else takes records of the partition waits for the end of the transaction. */
    private static long next(Connection connection, Pipeline pipeline, String topic, TopicPartition partition) throws SQLException {
        try (var statement = connection.prepareStatement(NEXT)) {
            set(statement, 1, pipeline, topic, partition);
            try (var row = statement.executeQuery()) {
                if (!row.next()) {
                    throw new SQLException("millrace.enrichment_taken has no row for " + partition + ", which this service made; somebody took it away, so the partition is read anew after a restart");
                }
                return row.getLong(1);
            }
        }
    }

    private static void took(Connection connection, Pipeline pipeline, String topic, TopicPartition partition, long next) throws SQLException {
        try (var statement = connection.prepareStatement(TAKE)) {
            statement.setLong(1, next);
            set(statement, 2, pipeline, topic, partition);
            statement.executeUpdate();
        }
    }

    private static void set(PreparedStatement statement, int from, Pipeline pipeline, String topic, TopicPartition partition) throws SQLException {
        statement.setString(from, pipeline.name());
        statement.setString(from + 1, topic);
        statement.setInt(from + 2, partition.partition());
    }

    /** Of a partition that comes, whoever had it before may have gone on. */
    private final class Assigned implements ConsumerRebalanceListener {

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            placed.removeAll(partitions);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            placed.removeAll(partitions);
        }
    }

    @PreDestroy
    void stop() throws InterruptedException {
        stopped = true;
        if (thread == null) {
            return;
        }
        thread.release();
        var reading = open;
        if (reading != null) {
            reading.wakeup();
        }
        thread.join(LONGEST_WAIT);
    }
}
