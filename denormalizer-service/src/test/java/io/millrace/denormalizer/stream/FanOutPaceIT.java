package io.millrace.denormalizer.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.progress.Offsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FanOutPaceIT {

    private static final String INDEXER = "indexer";
    private static final int PIECE = 32;

    @TempDir
    static Path data;
    private static LocalServers servers;
    private static Admin admin;

    /** Stands still, so that a burst is written at once, until a test moves it. */
    private final AtomicLong clock = new AtomicLong();

    @BeforeAll
    static void start() {
        servers = LocalServers.in(data, Ports.free());
        servers.kafka().start();
        admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        servers.close();
    }

    /** A topic of two partitions with ten documents each. */
    private static List<TopicPartition> documents(String topic) throws ExecutionException, InterruptedException {
        admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all().get();
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap()), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < 20; i++) {
                producer.send(new ProducerRecord<>(topic, i % 2, new byte[] {1}, new byte[] {2}));
            }
        }
        return List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1));
    }

    private static void committed(List<TopicPartition> documents, long first, long second) throws ExecutionException, InterruptedException {
        admin.alterConsumerGroupOffsets(INDEXER, Map.of(documents.get(0), new OffsetAndMetadata(first), documents.get(1), new OffsetAndMetadata(second))).all().get();
    }

    /** Uses up what may go out now. @return how many documents that was */
    private static int used(FanOutPace pace, int partition) {
        int pieces = 0;
        while (pace.test(partition, PIECE)) {
            pieces++;
        }
        return pieces * PIECE;
    }

    /** A pace whose bursts have grown, with an indexer that has written all. */
    private FanOutPace grown(String topic) throws ExecutionException, InterruptedException {
        var documents = documents(topic);
        committed(documents, 10, 10);
        var pace = new FanOutPace(new Offsets(admin), INDEXER, documents, clock::get);
        for (int burst = 64; burst <= 512; burst *= 2) {
            assertEquals(burst, used(pace, 0));
            pace.check();
        }
        return pace;
    }

    @Test
    void aBurstWaitsUntilTheIndexerHasWrittenTheOneBefore() throws ExecutionException, InterruptedException {
        var documents = documents("behind");
        committed(documents, 10, 5);
        var pace = new FanOutPace(new Offsets(admin), INDEXER, documents, clock::get);
        assertEquals(64, used(pace, 0), "the first burst");
        pace.check();
        assertFalse(pace.test(0, PIECE), "five documents are not written yet");
        committed(documents, 10, 10);
        pace.check();
        assertTrue(pace.test(0, PIECE));
    }

    @Test
    void theBurstGrowsWhileItIsWrittenSoonAndShrinksWhenItIsWrittenLate() throws ExecutionException, InterruptedException {
        var pace = grown("soon");
        int large = used(pace, 0);
        clock.addAndGet(Duration.ofMillis(351).toNanos());
        pace.check();
        assertEquals(large / 2, used(pace, 0));
    }

    @Test
    void behindABurstTheIndexerHasHalfOfItsTimeForSingleRowsWhileTheyChange() throws ExecutionException, InterruptedException {
        var pace = grown("rested");
        used(pace, 0);
        pace.busy();
        clock.addAndGet(Duration.ofMillis(300).toNanos());
        pace.check();
        assertFalse(pace.test(0, PIECE), "the burst has only just been written");
        clock.addAndGet(Duration.ofMillis(149).toNanos());
        pace.check();
        assertFalse(pace.test(0, PIECE));
        clock.addAndGet(Duration.ofMillis(1).toNanos());
        pace.check();
        assertTrue(used(pace, 0) > 0);
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        pace.check();
        assertTrue(pace.test(0, PIECE), "nobody is there to wait");
    }

    @Test
    void thePartitionsThatWaitForABurstShareIt() throws ExecutionException, InterruptedException {
        var pace = grown("shared");
        used(pace, 0);
        used(pace, 1);
        pace.check();
        int first = used(pace, 0);
        assertTrue(first > 0);
        assertEquals(first, used(pace, 1), "what the first partition leaves");
    }

    @Test
    void withoutAnIndexerNothingIsHeldBack() throws ExecutionException, InterruptedException {
        var pace = new FanOutPace(new Offsets(admin), "nobody", documents("alone"), clock::get);
        used(pace, 0);
        pace.check();
        assertEquals(1 << 16, used(pace, 0));
    }
}
