package io.millrace.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.gate.quarantine.QueueReader;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What queues is read from a Kafka that takes its time: it is frozen behind the question where the queue ends. */
@ExtendWith(SharedGate.Extension.class)
class SlowKafkaIT {

    private final Stack stack;

    SlowKafkaIT(SharedGate gate) {
        this.stack = gate.stack();
    }

    @Test
    void anAnswerThatComesLateIsWaitedFor() throws Exception {
        var queue = queue("late");
        try (var consumer = reader()) {
            var reader = at(consumer, queue);
            var seen = new HashSet<String>();
            stack.signalKafka("STOP");
            var thaw = CompletableFuture.runAsync(this::thaw, CompletableFuture.delayedExecutor(1_500, TimeUnit.MILLISECONDS));
            try {
                assertEquals(3, reader.read(20_000, record -> seen.add(new String(record.value()))));
            } finally {
                thaw.join();
            }
            assertEquals(Set.of("0", "1", "2"), seen);
            assertEquals(0, reader.read(20_000, record -> seen.add("more")), "it has been read");
        }
    }

    @Tag("long")
    @Test
    void anAnswerThatDoesNotComeIsSaidInsteadOfACountThatIsTooSmall() throws Exception {
        var queue = queue("none");
        try (var consumer = reader()) {
            var reader = at(consumer, queue);
            stack.signalKafka("STOP");
            try {
                var said = assertThrows(KafkaException.class, () -> reader.read(20_000, record -> { })).getMessage();
                assertTrue(said.contains("Kafka gave nothing for 5 s"), said);
            } finally {
                thaw();
            }
        }
    }

    private void thaw() {
        try {
            stack.signalKafka("CONT");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A topic of two partitions with three records. */
    private List<TopicPartition> queue(String name) throws ExecutionException, InterruptedException {
        var topic = "slow-kafka." + name;
        stack.admin().createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all().get();
        for (int i = 0; i < 3; i++) {
            stack.producer().send(new ProducerRecord<>(topic, i % 2, new byte[0], Integer.toString(i).getBytes())).get();
        }
        return List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1));
    }

    private KafkaConsumer<byte[], byte[]> reader() {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers().kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static QueueReader at(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> queue) {
        consumer.assign(queue);
        var ends = consumer.endOffsets(queue);
        queue.forEach(partition -> consumer.seek(partition, 0));
        return new QueueReader(consumer, ends);
    }
}
