package io.millrace.capture.send;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * Remembers in Kafka which tables have been read whole, and asks Kafka about topics.
 *
 * <p>How far the stream has been read is not kept here: the slot itself says it. This says what the slot cannot, namely
 * that rows of a table stand in Kafka, so that a slot that vanished is noticed and a table that was added is read.
 */
public final class Progress implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Progress.class);

    private static final byte[] TABLES = "tables".getBytes(StandardCharsets.UTF_8);

    private final KafkaSettings kafka;
    private final String topic;
    private final String reached;
    /** Made at the first use; for the capturing thread. */
    private KafkaProducer<byte[], byte[]> producer;

    public Progress(KafkaSettings kafka, String source) {
        this.kafka = kafka;
        this.topic = Topics.tablesRead(source);
        this.reached = Topics.reached(source);
    }

    /**
     * The tables that were read whole; makes the topic when it is not there.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public Set<TableName> tables() throws InterruptedException {
        create(topic, Map.of("cleanup.policy", "compact"));
        create(reached, Map.of("cleanup.policy", "delete", "retention.ms", "3600000", "segment.ms", "3600000", "segment.bytes", "16777216"));
        var settings = kafka.client();
        settings.put("isolation.level", "read_committed");
        settings.put("auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            Set<TableName> tables = Set.of();
            while (consumer.position(partition) < end) {
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    tables = record.value() == null ? Set.of() : parse(new String(record.value(), StandardCharsets.UTF_8));
                }
            }
            return tables;
        } catch (KafkaException e) {
            throw away("Reading the topic " + topic, e);
        }
    }

    /**
     * Remembers them.
     *
     * @throws SendException when Kafka does not take it
     */
    public void save(Collection<TableName> tables) throws InterruptedException {
        var text = tables.stream().sorted().map(TableName::toString).collect(Collectors.joining("\n"));
        try (var producer = new KafkaProducer<byte[], byte[]>(kafka.producer(1 << 20))) {
            producer.send(new ProducerRecord<>(topic, 0, TABLES, text.getBytes(StandardCharsets.UTF_8))).get();
        } catch (ExecutionException | KafkaException e) {
            throw away("Writing the topic " + topic, e);
        }
    }

    /**
     * Says that every change committed up to an LSN is in Kafka. Does not wait, and is not repeated: the next heartbeat
     * says more.
     */
    public void reached(long lsn) {
        try {
            if (producer == null) {
                producer = new KafkaProducer<>(kafka.producer(1 << 20));
            }
            producer.send(new ProducerRecord<>(reached, 0, null, Position.lsnText(lsn).getBytes(StandardCharsets.UTF_8)));
        } catch (KafkaException e) {
            LOG.debugf("Kafka was not told that %s is reached: %s", Position.lsnText(lsn), e.getMessage());
        }
    }

    @Override
    public void close() {
        if (producer != null) {
            producer.close(Duration.ZERO);
        }
    }

    private static Set<TableName> parse(String text) {
        return text.isEmpty() ? Set.of() : text.lines().map(TableName::parse).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * The partition counts of topics; a topic that does not exist is not in the answer.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public Map<String, Integer> partitions(Collection<String> topics) throws InterruptedException {
        try (var admin = Admin.create(kafka.client())) {
            var counts = new java.util.HashMap<String, Integer>();
            for (var entry : admin.describeTopics(topics).topicNameValues().entrySet()) {
                try {
                    counts.put(entry.getKey(), entry.getValue().get().partitions().size());
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                        throw e;
                    }
                }
            }
            return counts;
        } catch (ExecutionException | KafkaException e) {
            throw away("Asking for topics", e);
        }
    }

    private void create(String topic, Map<String, String> settings) throws InterruptedException {
        try (var admin = Admin.create(kafka.client())) {
            if (admin.listTopics().names().get().contains(topic)) {
                return;
            }
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(1), Optional.empty()).configs(settings))).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw away("Making the topic " + topic, e);
            }
        } catch (KafkaException e) {
            throw away("Making the topic " + topic, e);
        }
    }

    private SendException away(String attempt, Exception e) {
        var cause = e instanceof ExecutionException ? e.getCause() : e;
        return new SendException(attempt + " at Kafka " + kafka.bootstrapServers() + " failed (" + cause.getMessage() + "); check kafka.bootstrap.servers and that Kafka runs; trying again", cause);
    }
}
