package io.millrace.denormalizer.foundation;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.denormalizer.join.JoinTopics;
import io.millrace.denormalizer.join.JoinTopology;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kind of topic on which a join stands loses something, in each way: the join that runs says it within half a minute, and one that starts does not begin. */
@Tag("long")
class FoundationIT {

    private static final byte[] SOMETHING = "something".getBytes(StandardCharsets.UTF_8);
    private static final int RECORDS = 3;

    @TempDir
    static Path data;
    private static LocalServers servers;
    private static Admin admin;
    private static KafkaProducer<byte[], byte[]> producer;

    @BeforeAll
    static void start() {
        servers = LocalServers.in(data, Ports.free());
        servers.kafka().start();
        admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap()), new ByteArraySerializer(), new ByteArraySerializer());
    }

    @AfterAll
    static void stop() {
        if (producer != null) {
            producer.close();
            admin.close();
        }
        servers.stop();
    }

    /** Of which kind a topic is. */
    enum Kind {
        ROWS, EXCHANGE, CHANGELOG, DOCUMENTS;

        boolean isRead() {
            return this == ROWS || this == EXCHANGE;
        }
    }

    /** What becomes of it, and what is said of that. */
    enum Loss {
        GONE("the topic is not there any more"),
        ANEW("the topic was deleted and made anew"),
        /** It begins later than what was read, or than it ever should. */
        BEHIND("were removed before they were read"),
        /** It ends before what was read or written. */
        BEYOND("and ends at");

        private final String said;

        Loss(String said) {
            this.said = said;
        }
    }

    static Stream<Arguments> losses() {
        return Stream.of(Kind.values()).flatMap(kind -> Stream.of(Loss.values()).map(loss -> Arguments.of(kind, loss)));
    }

    private static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(100));
    }

    /** A pipeline whose join has read rows, kept state and written documents. */
    private static final class Join {

        private final JoinTopics topics;
        private final String rows;
        private final List<String> all;

        Join(String pipeline) throws ExecutionException, InterruptedException {
            var group = Topics.joinGroup(pipeline);
            this.topics = new JoinTopics(group, Topics.exchange(group), Topics.joinState(group), Topics.documents(pipeline), Topics.quarantineDocuments(pipeline));
            this.rows = "rows.it.public." + pipeline;
            this.all = Stream.concat(Stream.of(rows, topics.exchange(), topics.documents()), JoinTopology.changelogs(topics).stream()).toList();
            for (var topic : all) {
                make(topic);
                append(topic, RECORDS);
            }
            commit(RECORDS);
        }

        String topic(Kind kind) {
            return switch (kind) {
                case ROWS -> rows;
                case EXCHANGE -> topics.exchange();
                case CHANGELOG -> JoinTopology.changelogs(topics).getFirst();
                case DOCUMENTS -> topics.documents();
            };
        }

        List<TopicPartition> read() {
            return List.of(partition(rows), partition(topics.exchange()));
        }

        void make(String topic) throws ExecutionException, InterruptedException {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(Map.of("cleanup.policy", topic.equals(topics.exchange()) ? "delete" : "compact,delete", "retention.ms", "-1")))).all().get();
        }

        void commit(long offset) throws ExecutionException, InterruptedException {
            admin.alterConsumerGroupOffsets(topics.application(), Map.of(read().getFirst(), new OffsetAndMetadata(offset), read().getLast(), new OffsetAndMetadata(offset))).all().get();
        }

        Foundation foundation() {
            return new Foundation(Map.of("bootstrap.servers", servers.kafkaBootstrap()), topics.documents().substring(Topics.DOCUMENTS.length()), topics, false, (short) 1, new SimpleMeterRegistry(), new Loops());
        }

        void begin(Foundation foundation, Loop loop) throws Exception {
            foundation.life(loop);
            foundation.require(admin, read(), 1, loop);
        }

        /** Until everything has a mark at this offset. */
        void awaitMarked(long offset) {
            soon().until(() -> {
                var marked = new HashSet<String>();
                for (var mark : recordsOf(Topics.joinMarks(topics.application())).entrySet()) {
                    if (mark.getValue().split(" ")[2].equals(Long.toString(offset))) {
                        marked.add(mark.getKey().split(" ")[1]);
                    }
                }
                return marked.containsAll(Set.copyOf(all));
            });
        }
    }

    private static TopicPartition partition(String topic) {
        return new TopicPartition(topic, 0);
    }

    private static void append(String topic, int records) throws ExecutionException, InterruptedException {
        for (int i = 0; i < records; i++) {
            producer.send(new ProducerRecord<>(topic, 0, SOMETHING, SOMETHING)).get();
        }
    }

    /** The last value of each key that names a partition. */
    private static Map<String, String> recordsOf(String topic) {
        var last = new java.util.HashMap<String, String>();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition(topic)));
            consumer.seekToBeginning(List.of(partition(topic)));
            long end = consumer.endOffsets(List.of(partition(topic))).get(partition(topic));
            while (consumer.position(partition(topic)) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> last.put(new String(record.key(), StandardCharsets.UTF_8), new String(record.value(), StandardCharsets.UTF_8)));
            }
        }
        last.keySet().removeIf(key -> key.split(" ").length < 3);
        return last;
    }

    private static void delete(String topic) throws ExecutionException, InterruptedException {
        admin.deleteTopics(List.of(topic)).all().get();
        soon().until(() -> !admin.listTopics().names().get().contains(topic));
    }

    private static void copy(Path from, Path to) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("sh", "-c", "rm -rf '" + to + "' && cp -a '" + from + "' '" + to + "'").inheritIO().start().waitFor());
    }

    /** As a broker does that lost the end of one log. */
    private static void shorten(Join join, Kind kind, Foundation running) throws Exception {
        var log = data.resolve("kafka").resolve(join.topic(kind) + "-0");
        var copy = data.resolve("copy of " + join.topic(kind));
        servers.kafka().stop();
        copy(log, copy);
        servers.kafka().start();
        for (var topic : join.all) {
            append(topic, RECORDS);
        }
        join.commit(2 * RECORDS);
        join.read().forEach(partition -> running.finished(Map.of(partition, 2L * RECORDS)));
        join.awaitMarked(2 * RECORDS);
        servers.kafka().stop();
        copy(copy, log);
        servers.kafka().start();
    }

    private static void lose(Join join, Kind kind, Loss loss, Foundation running) throws Exception {
        var topic = join.topic(kind);
        switch (loss) {
            case GONE -> delete(topic);
            case ANEW -> {
                delete(topic);
                join.make(topic);
            }
            case BEHIND -> {
                append(topic, RECORDS);
                admin.deleteRecords(Map.of(partition(topic), RecordsToDelete.beforeOffset(RECORDS + 2))).all().get();
            }
            case BEYOND -> shorten(join, kind, running);
        }
    }

    @ParameterizedTest
    @MethodSource("losses")
    void whatIsLostIsSaidByTheJoinThatRunsAndKeepsOneThatStartsFromBeginning(Kind kind, Loss loss) throws Exception {
        var join = new Join((kind + "-" + loss).toLowerCase());
        var said = partition(join.topic(kind)) + " cannot be trusted";
        try (var loop = new Loops().begin("test", Duration.ofMinutes(5)); var running = join.foundation()) {
            join.begin(running, loop);
            join.awaitMarked(RECORDS);
            assertFalse(running.isLost());
            lose(join, kind, loss, running);
            // Kafka itself tells a reader that comes to records which are gone, and the join is started again then.
            if (!kind.isRead() || loss != Loss.BEHIND) {
                soon().until(() -> running.wrong() != null && running.wrong().contains(said) && running.wrong().contains(loss.said));
                assertTrue(running.isLost());
            }
        }
        try (var loop = new Loops().begin("test", Duration.ofMinutes(5)); var starting = join.foundation()) {
            soon().until(() -> {
                var refused = refusal(join, starting, loop);
                return refused.contains(said) && refused.contains(loss.said) && refused.contains("./millrace recover " + join.topics.documents()) != (kind == Kind.DOCUMENTS && loss == Loss.BEHIND);
            });
        }
    }

    private static String refusal(Join join, Foundation starting, Loop loop) throws Exception {
        try {
            join.begin(starting, loop);
            return "";
        } catch (NotReadyException e) {
            return e.getMessage();
        }
    }
}
