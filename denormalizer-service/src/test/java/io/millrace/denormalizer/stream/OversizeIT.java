package io.millrace.denormalizer.stream;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.record.Headers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OversizeIT {

    private static final List<String> TOPICS = List.of("in", "documents.d", "quarantine.documents.d");

    @TempDir
    private Path data;

    /** A topology that only passes on: what matters is what the broker refuses, and the client. Each in a batch of its own, since one of several may not be told from its neighbours. */
    @Test
    void aDocumentThatItsTopicDoesNotTakeIsSetAsideAndTheNextOnesArrive() throws Exception {
        try (var servers = LocalServers.in(data.resolve("servers"), Ports.free())) {
            servers.kafka().start();
            Map<String, Object> bootstrap = Map.of("bootstrap.servers", servers.kafkaBootstrap());
            try (var admin = Admin.create(bootstrap)) {
                admin.createTopics(TOPICS.stream().map(t -> new NewTopic(t, 1, (short) 1).configs(Map.of("max.message.bytes", t.equals("documents.d") ? "10000" : "8388608"))).toList()).all().get();
            }
            try (var producer = new KafkaProducer<>(bootstrap, new ByteArraySerializer(), new ByteArraySerializer())) {
                // The broker refuses the second, the client the fourth.
                for (int size : List.of(10, 10_000, 20, 60_000, 30)) {
                    producer.send(new ProducerRecord<>("in", ("d" + size).getBytes(StandardCharsets.UTF_8), new byte[size])).get();
                }
            }
            var parked = new AtomicInteger();
            var topology = new Topology().addSource("in", "in").addSink("out", "documents.d", "in");
            try (var streams = new KafkaStreams(topology, settings(servers, parked))) {
                streams.start();
                await().atMost(Duration.ofSeconds(60)).until(() -> read(bootstrap, "documents.d").size() + read(bootstrap, "quarantine.documents.d").size() >= 5);
                assertEquals(KafkaStreams.State.RUNNING, streams.state());
            }
            assertEquals(List.of("d10", "d20", "d30"), read(bootstrap, "documents.d").stream().map(OversizeIT::key).toList());
            var aside = read(bootstrap, "quarantine.documents.d");
            assertEquals(List.of("d10000", "d60000"), aside.stream().map(OversizeIT::key).sorted().toList());
            assertEquals(2, parked.get());
            for (var record : aside) {
                assertNull(record.value());
                assertEquals("document-too-large", Headers.text(record.headers(), Headers.REASON));
                assertTrue(Headers.text(record.headers(), Headers.DETAIL).contains("The document " + key(record) + " has "), Headers.text(record.headers(), Headers.DETAIL));
            }
        }
    }

    private Properties settings(LocalServers servers, AtomicInteger parked) {
        var settings = new Properties();
        settings.putAll(Map.of(StreamsConfig.APPLICATION_ID_CONFIG, "oversize", StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers.kafkaBootstrap(), StreamsConfig.STATE_DIR_CONFIG, data.resolve("state").toString(),
                StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class, StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class,
                StreamsConfig.PRODUCTION_EXCEPTION_HANDLER_CLASS_CONFIG, OversizeHandler.class, StreamsConfig.producerPrefix("max.request.size"), 50_000, StreamsConfig.producerPrefix("batch.size"), 0));
        settings.putAll(Map.of(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest", OversizeHandler.DOCUMENTS, "documents.d", OversizeHandler.QUARANTINE, "quarantine.documents.d",
                OversizeHandler.PARKED, (Runnable) parked::incrementAndGet));
        return settings;
    }

    private static String key(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.key(), StandardCharsets.UTF_8);
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(Map<String, Object> bootstrap, String topic) {
        try (var consumer = new KafkaConsumer<>(bootstrap, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }
}
