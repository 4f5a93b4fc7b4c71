package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.record.Headers;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Health;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.SharedStack;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** The counts that travel with the records: nothing is found while stages are killed and frozen, each fault at each hop is. */
@Tag("long")
@ExtendWith(SharedStack.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LedgerIT {

    private static final int RATE = 100;
    private static final Duration MINUTES = Duration.ofMinutes(Integer.getInteger("millrace.ledger.minutes", 30));
    /** Longer than a session of the gate's group. */
    private static final Duration FREEZE = Duration.ofSeconds(20);
    private static final Duration BETWEEN = Duration.ofSeconds(15);
    private static final List<Stage> STAGES = List.of(Stage.CAPTURE, Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER);
    private static final List<String> HOPS = List.of("captured.demo.public.monitor", "rows.demo.public.monitor", "documents.monitors");
    private static final String FOUND = "ledger of ";

    private final DemoStack stack;
    private final Health health;
    private final RawTopics topics;

    LedgerIT(DemoStack stack) {
        this.stack = stack;
        this.health = new Health(stack);
        this.topics = new RawTopics(stack);
    }

    @Test
    @Order(1)
    void nothingIsFoundInTrafficWithKillsAndFreezes() throws Exception {
        var random = new Random(24);
        long end = System.nanoTime() + MINUTES.toNanos();
        int disturbed = 0;
        try (var traffic = BackgroundTraffic.start(stack, 2_400, RATE)) {
            while (System.nanoTime() < end) {
                var stage = STAGES.get(disturbed++ % STAGES.size());
                if (random.nextInt(3) > 0) {
                    stack.process(stage).kill();
                    stack.process(stage).start();
                } else {
                    stack.signal(stage, "STOP");
                    awaitTransactions(traffic, FREEZE);
                    stack.signal(stage, "CONT");
                }
                health.awaitReady(stage);
                awaitTransactions(traffic, BETWEEN);
                assertNothingFound();
            }
            traffic.stop();
        }
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
        assertNothingFound();
        HOPS.forEach(this::assertEven);
        System.out.printf("The ledger found nothing in %d minutes, in which a stage was killed or frozen %d times%n", MINUTES.toMinutes(), disturbed);
    }

    /** Lets rows change for a time. */
    private static void awaitTransactions(BackgroundTraffic traffic, Duration time) {
        long from = traffic.transactions();
        long until = System.nanoTime() + time.toNanos();
        Awaitility.await("the traffic goes on").atMost(time.plusSeconds(60)).until(() -> System.nanoTime() > until && traffic.transactions() > from);
    }

    private void assertNothingFound() {
        for (var stage : STAGES) {
            var said = health.ready(stage);
            assertFalse(said.contains(FOUND), () -> stage + " says " + said);
        }
    }

    /** As a reader sees it that was there from the first record on. */
    private void assertEven(String topic) {
        var ledger = new Ledger(t -> "");
        var tallies = new HashMap<Integer, Tally>();
        topics.read(topic).forEach(record -> tallies.computeIfAbsent(record.partition(), p -> new Tally(new TopicPartition(topic, p), !topic.startsWith("captured."), -1, ledger)).of(record));
        assertFalse(tallies.isEmpty(), topic);
        assertEquals(Map.of(), ledger.says());
    }

    @Test
    @Order(2)
    void aRecordThatIsDroppedDoubledOrOutOfOrderIsFoundAtEachHop() throws Exception {
        var stages = List.of(Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER);
        for (int hop = 0; hop < HOPS.size(); hop++) {
            var topic = HOPS.get(hop);
            var stage = stages.get(hop);
            write(topic, 1, 0);
            write(topic, 2, 0);
            awaitFound(stage, topic, "1 written and not in the log");
            restart(stage);
            write(topic, 1, 0);
            write(topic, 0, 0);
            awaitFound(stage, topic, "1 twice");
            restart(stage);
            write(topic, 1, 0);
            write(topic, 2, 2);
            write(topic, -1, 2);
            awaitFound(stage, topic, "1 out of order");
            // Who writes begins another life, and who reads forgets what it found.
            restart(STAGES.get(hop));
            restart(stage);
        }
        assertNothingFound();
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
    }

    /**
     * Writes the last record of a partition once more, which changes nothing, under another number.
     *
     * @param ahead of the number that the last record has
     * @param open so many numbers before it are said not to be acknowledged
     */
    private void write(String topic, int ahead, int open) throws InterruptedException {
        var last = last(topic);
        var numbers = ByteBuffer.wrap(Headers.bytes(last.headers(), Headers.LEDGER));
        int hash = numbers.getInt();
        long life = numbers.getLong();
        var headers = new RecordHeaders(last.headers());
        Headers.set(headers, Headers.LEDGER, ByteBuffer.allocate(numbers.capacity()).putInt(hash).putLong(life).putLong(numbers.getLong() + ahead).putInt(open).array());
        topics.send(new ProducerRecord<>(topic, last.partition(), last.key(), last.value(), headers));
    }

    private ConsumerRecord<byte[], byte[]> last(String topic) {
        return topics.read(topic).stream().filter(record -> record.partition() == 0).reduce((one, other) -> other).orElseThrow();
    }

    private void awaitFound(Stage stage, String topic, String what) {
        health.awaitWaiting(stage, what);
        var said = health.ready(stage);
        assertTrue(said.contains(FOUND + topic + "-0"), said);
    }

    private void restart(Stage stage) {
        stack.process(stage).stop();
        stack.process(stage).start();
        health.awaitReady(stage);
    }
}
