package io.millrace.tests.bench.capture;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends records that are there already to a topic of its own, by a producer set as capture's is: what Kafka takes of one producer on this machine when nobody reads a table, makes
 * a row or encodes it. A record for each row cannot be faster.
 */
final class BareProducer {

    private static final String TOPIC = "bench.bare";

    private BareProducer() {}

    /**
     * Records a second, from the first call to the last acknowledgement.
     *
     * @param some taken in turn, with keys, values and headers as they are
     */
    static double send(CaptureStack stack, List<ConsumerRecord<byte[], byte[]>> some, long records) throws ExecutionException, InterruptedException {
        var client = Map.<String, Object>of("bootstrap.servers", stack.servers().kafkaBootstrap());
        var settings = Map.<String, Object>of("bootstrap.servers", stack.servers().kafkaBootstrap(), "acks", "all", "enable.idempotence", true, "compression.type", "lz4", "linger.ms", 5, "batch.size", 128 * 1024);
        try (var admin = Admin.create(client); var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            admin.createTopics(List.of(new NewTopic(TOPIC, stack.partitions(), (short) 1))).all().get();
            var refused = new AtomicReference<Exception>();
            producer.partitionsFor(TOPIC);
            long began = System.nanoTime();
            for (long sent = 0; sent < records; sent++) {
                var one = some.get((int) (sent % some.size()));
                producer.send(new ProducerRecord<>(TOPIC, one.partition(), one.key(), one.value(), one.headers()), (_, e) -> refused.compareAndSet(null, e));
            }
            producer.flush();
            double seconds = (System.nanoTime() - began) / 1e9;
            if (refused.get() != null) {
                throw new KafkaException("Records for " + TOPIC + " were refused", refused.get());
            }
            admin.deleteTopics(List.of(TOPIC)).all().get();
            return records / seconds;
        }
    }
}
