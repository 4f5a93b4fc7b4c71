package io.millrace.denormalizer.stream;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.liveness.Loops;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stream threads of two joins on a real broker, one of which gets stuck. */
class JoinsAliveIT {

    private static final Duration SILENCE = Duration.ofMinutes(2);
    private static final String ROWS = "rows";

    @TempDir
    static Path data;
    private static LocalServers servers;

    private final AtomicLong clock = new AtomicLong();
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final Loops stuck = new Loops(clock::get);
    private final Loops idle = new Loops(clock::get);

    @BeforeAll
    static void start() throws Exception {
        servers = LocalServers.in(data, Ports.free());
        servers.kafka().start();
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            admin.createTopics(List.of(new NewTopic(ROWS, 1, (short) 1), new NewTopic("quiet", 1, (short) 1))).all().get();
        }
    }

    @AfterAll
    static void stop() {
        servers.close();
    }

    /** Stands still in its one record until it is let go. */
    private final class Poison implements Processor<byte[], byte[], byte[], byte[]> {
        @Override
        public void process(Record<byte[], byte[]> record) {
            reached.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private KafkaStreams streams(String name, String topic, WatchedClients clients) {
        var bytes = new ByteArrayDeserializer();
        var topology = new Topology().addSource("from", bytes, bytes, topic).addProcessor("poison", Poison::new, "from");
        var properties = new Properties();
        properties.putAll(Map.of(StreamsConfig.APPLICATION_ID_CONFIG, name, StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers.kafkaBootstrap(),
                StreamsConfig.STATE_DIR_CONFIG, data.resolve(name).toString(), "auto.offset.reset", "earliest"));
        return new KafkaStreams(topology, properties, clients);
    }

    @Test
    void aStreamThreadThatIsStuckInOneRecordIsFoundByItsNameAndNoOther() throws Exception {
        try (var clients = new WatchedClients(stuck, SILENCE, () -> false, () -> false, "documents.none"); var other = new WatchedClients(idle, SILENCE, () -> false, () -> false, "documents.none");
                var streams = streams("poisoned", ROWS, clients); var quiet = streams("quiet", "quiet", other)) {
            streams.start();
            quiet.start();
            await().atMost(Duration.ofSeconds(60)).until(() -> streams.state() == KafkaStreams.State.RUNNING && quiet.state() == KafkaStreams.State.RUNNING);
            try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap()), new ByteArraySerializer(), new ByteArraySerializer())) {
                producer.send(new ProducerRecord<>(ROWS, new byte[] {1}, new byte[] {2})).get();
            }
            reached.await();
            assertEquals(Status.UP, alive().getStatus());
            try {
                isFoundAlone();
            } finally {
                go.countDown();
            }
            await("what comes round again is well again").atMost(Duration.ofSeconds(60)).until(() -> alive().getStatus() == Status.UP);
        }
        clock.addAndGet(SILENCE.multipliedBy(10).toNanos());
        assertEquals(Status.UP, alive().getStatus(), "who has ended in order is no trouble");
        assertFalse(alive().getData().isPresent());
    }

    /** The stuck thread is told with its name and where it stands, and the idle join's is not. */
    private void isFoundAlone() {
        clock.addAndGet(SILENCE.plusSeconds(1).toNanos());
        await("the idle join's thread comes round").atMost(Duration.ofSeconds(60)).until(() -> idle.troubles().isEmpty());
        var said = alive();
        assertEquals(Status.DOWN, said.getStatus());
        var threads = said.getData().orElseThrow();
        assertEquals(1, threads.size(), threads.toString());
        var thread = threads.keySet().iterator().next();
        assertTrue(thread.startsWith("poisoned-") && thread.endsWith("-StreamThread-1"), thread);
        assertTrue(threads.get(thread).toString().contains("JoinsAliveIT$Poison.process"), threads.toString());
    }

    private HealthCheckResponse alive() {
        return JoinsAlive.of(List.of(stuck, idle));
    }
}
