package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Gap;
import io.millrace.pipeline.log.OffsetGuard;
import io.millrace.pipeline.log.Rebuild;
import io.millrace.pipeline.log.Start;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An instance of a join that has not heard of its next life writes nothing into it, and two do not begin it at once. */
@Tag("long")
class FormerLifeIT {

    /** A mark that moves is written this long after the one before. */
    private static final Duration MOVING = Duration.ofSeconds(6);
    private static final byte[] SOMETHING = "something".getBytes(StandardCharsets.UTF_8);

    @TempDir
    static Path data;
    private static LocalServers servers;
    private static Admin admin;
    private static KafkaProducer<byte[], byte[]> producer;

    @BeforeAll
    static void start() {
        servers = LocalServers.in(data, Ports.free());
        servers.kafka().start();
        admin = Admin.create(kafka());
        producer = new KafkaProducer<>(kafka(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    @AfterAll
    static void stop() {
        if (producer != null) {
            producer.close();
            admin.close();
        }
        servers.stop();
    }

    private static Map<String, Object> kafka() {
        return Map.of("bootstrap.servers", servers.kafkaBootstrap());
    }

    private static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(100));
    }

    /** A pipeline whose join has read rows and kept state, seen by an instance that looks at its offsets and does nothing else. */
    private static final class Instance implements OffsetGuard.Stage, AutoCloseable {

        private final String group;
        private final TopicPartition rows;
        private final TopicPartition changelog;
        private final TopicPartition marks;
        private final OffsetGuard guard;

        Instance(String pipeline) throws Exception {
            this.group = Topics.joinGroup(pipeline);
            this.rows = new TopicPartition("rows.it.public." + pipeline, 0);
            this.changelog = new TopicPartition(group + "-rows-changelog", 0);
            this.marks = new TopicPartition(Topics.joinMarks(group), 0);
            make(List.of(rows.topic(), changelog.topic(), Topics.documents(pipeline), Topics.joinState(group)));
            append(rows);
            append(changelog);
            this.guard = new OffsetGuard(kafka(), marks.topic(), group, (short) 1, this, new Loops());
            soon().until(() -> guard.life() != null);
            guard.assign(rows, 1L);
            guard.keep(changelog);
            soon().until(() -> isMarked(rows) && isMarked(changelog));
        }

        @Override
        public String advice(TopicPartition partition, Gap gap) {
            return "";
        }

        @Override
        public boolean reads(String topic) {
            return false;
        }

        /** The last record of a partition's mark; its value is null where it was forgotten. */
        Optional<ConsumerRecord<byte[], byte[]>> mark(TopicPartition partition) {
            var key = group + " " + partition.topic() + " " + partition.partition();
            return read(marks).stream().filter(record -> new String(record.key(), StandardCharsets.UTF_8).equals(key)).reduce((one, later) -> later);
        }

        boolean isMarked(TopicPartition partition) {
            return mark(partition).map(ConsumerRecord::value).isPresent();
        }

        /** A partition that it has not known before has a mark at the end of a look. */
        void awaitAnotherLook() throws Exception {
            var other = new TopicPartition("rows.it.public.another", 0);
            make(List.of(other.topic()));
            append(other);
            guard.assign(other, 1L);
            soon().until(() -> isMarked(other));
        }

        @Override
        public void close() {
            guard.close();
        }
    }

    private static void make(List<String> topics) throws ExecutionException, InterruptedException {
        admin.createTopics(topics.stream().map(topic -> new NewTopic(topic, 1, (short) 1).configs(Map.of("cleanup.policy", "compact"))).toList()).all().get();
    }

    private static void append(TopicPartition partition) throws ExecutionException, InterruptedException {
        producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), SOMETHING, SOMETHING)).get();
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(TopicPartition partition) {
        var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer = new KafkaConsumer<>(kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }

    @Test
    void anInstanceThatRestsWritesNoMarkOfTheLifeBefore() throws Exception {
        try (var resting = new Instance("resting"); var rebuild = new Rebuild(kafka(), "resting")) {
            rebuild.take();
            rebuild.ask();
            soon().until(() -> !resting.guard.life().begun());
            // As a join does that stops: its state moves on, and the mark of it is due.
            append(resting.changelog);
            soon().pollDelay(MOVING).until(() -> true);
            var life = rebuild.clear((read, of) -> {});
            soon().until(() -> resting.guard.life().equals(life));
            resting.awaitAnotherLook();
            assertEquals(Optional.empty(), resting.mark(resting.changelog).map(ConsumerRecord::value), "the changelog that was deleted has a mark in the life that begins");
            assertEquals(Map.of(), rebuild.gaps());
        }
    }

    @Test
    void aMarkOfTheLifeBeforeThatComesLateIsNotBelieved() throws Exception {
        try (var frozen = new Instance("frozen"); var rebuild = new Rebuild(kafka(), "frozen")) {
            var late = List.of(frozen.mark(frozen.changelog).orElseThrow(), frozen.mark(frozen.rows).orElseThrow());
            rebuild.take();
            rebuild.ask();
            var life = rebuild.clear((read, of) -> {});
            for (var mark : late) {
                producer.send(new ProducerRecord<>(mark.topic(), mark.partition(), mark.key(), mark.value())).get();
            }
            make(List.of(frozen.changelog.topic()));
            assertEquals(Map.of(), rebuild.gaps());
            soon().until(() -> frozen.guard.life().equals(life));
            frozen.guard.assign(frozen.rows, 1L);
            frozen.guard.keep(frozen.changelog);
            soon().until(() -> frozen.guard.start(frozen.rows) != null && frozen.guard.start(frozen.changelog) != null);
            assertEquals(0, assertInstanceOf(Start.From.class, frozen.guard.start(frozen.rows)).offset(), "the rows are read from the first one");
            assertInstanceOf(Start.From.class, frozen.guard.start(frozen.changelog));
        }
    }

    @Test
    void twoDoNotRebuildAtOnceAndALaterOneGoesOn() throws Exception {
        try (var pipeline = new Instance("shared"); var second = new Rebuild(kafka(), "shared")) {
            try (var first = new Rebuild(kafka(), "shared")) {
                first.take();
                first.ask();
                var refused = assertThrows(IllegalStateException.class, second::take);
                assertTrue(refused.getMessage().contains("another run of it is under way (process " + ProcessHandle.current().pid()), refused::getMessage);
                assertThrows(IllegalStateException.class, () -> second.clear((read, of) -> {}));
                assertTrue(first.clear((read, of) -> {}).begun(), "the first one has kept its turn");
            }
            soon().until(() -> pipeline.guard.life().begun());
            try (var third = new Rebuild(kafka(), "shared")) {
                third.take();
                assertTrue(third.isUnderWay(), "its documents are still to be compared with the database");
                third.prove();
                assertEquals(false, third.isUnderWay());
            }
        }
    }
}
