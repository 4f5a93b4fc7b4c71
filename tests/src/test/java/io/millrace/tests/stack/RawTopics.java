package io.millrace.tests.stack;

import io.millrace.pipeline.record.Headers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Topics as they are: bytes in, bytes out, no group and no schema. */
public final class RawTopics {

    private final Map<String, Object> bootstrap;

    public RawTopics(DemoStack stack) {
        this(stack.stack().servers().kafkaAdmin());
    }

    /** @param settings how a client reaches Kafka */
    public RawTopics(Map<String, ?> settings) {
        this.bootstrap = Map.copyOf(settings);
    }

    /** Every record of a topic that is there now, partition after partition. */
    public List<ConsumerRecord<byte[], byte[]>> read(String topic) {
        try (var consumer = new KafkaConsumer<>(bootstrap, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }

    /** Deletes every record that is there now, as a retention that is too short would. */
    public void deleteAll(String topic) throws InterruptedException {
        try (var admin = Admin.create(bootstrap); var consumer = new KafkaConsumer<>(bootstrap, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
            admin.deleteRecords(consumer.endOffsets(partitions).entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, end -> RecordsToDelete.beforeOffset(end.getValue())))).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("Deleting the records of " + topic + " failed", e.getCause());
        }
    }

    /** Sends one record and returns when Kafka has it. */
    public void send(ProducerRecord<byte[], byte[]> record) throws InterruptedException {
        try (var producer = new KafkaProducer<>(bootstrap, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(record).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("Sending to " + record.topic() + " failed", e.getCause());
        }
    }

    /** Sends a record once more, as it was but for its number: a stage that sends again gives another one. */
    public void resend(ConsumerRecord<byte[], byte[]> record) throws InterruptedException {
        var headers = new RecordHeaders(record.headers()).remove(Headers.LEDGER);
        send(new ProducerRecord<>(record.topic(), record.partition(), record.key(), record.value(), headers));
    }
}
