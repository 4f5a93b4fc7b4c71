package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.log.Rebuild;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** What a join stands on is taken away: it says so before it emits a document, and other pipelines flow on. */
@Tag("long")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LostStateIT {

    /** How long something may be missing before health says so. */
    private static final Duration SAID = Duration.ofSeconds(30);
    private static final Map<String, String> SETTINGS = Map.of("millrace.denormalizer.session-timeout", "6s");

    @TempDir
    static Path data;
    static World world;
    static ManagedProcess service;

    @BeforeAll
    static void start() throws Exception {
        world = new World(data, Map.of());
        service = world.stack.service(1, World.FILES.toString(), SETTINGS);
        world.load(150);
        service.start();
        world.converges("the first build");
    }

    @AfterAll
    static void stop() {
        if (world != null) {
            world.close();
        }
    }

    private static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100)).ignoreExceptions();
    }

    private static void awaitSaid(String... parts) {
        soon().atMost(SAID).untilAsserted(() -> {
            var health = world.stack.health(1);
            for (var part : parts) {
                assertTrue(health.contains(part), () -> "'" + part + "' is not in " + health);
            }
        });
    }

    private static long end(String topic) {
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", world.stack.servers().kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = IntStream.range(0, Stack.PARTITIONS).mapToObj(p -> new TopicPartition(topic, p)).toList();
            return consumer.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /** Until every partition that a pipeline reads has a mark at what its group has committed. */
    private static void awaitMarked(String pipeline) {
        var group = Topics.joinGroup(pipeline);
        soon().untilAsserted(() -> {
            var committed = world.stack.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
            var marks = marks(group);
            committed.forEach((partition, offset) -> assertEquals(offset.offset(), marks.get(group + " " + partition.topic() + " " + partition.partition()), partition.toString()));
        });
    }

    private static Map<String, Long> marks(String group) {
        var marks = new java.util.HashMap<String, Long>();
        var log = List.of(new TopicPartition(group + "-marks", 0));
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", world.stack.servers().kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(log);
            consumer.seekToBeginning(log);
            long end = consumer.endOffsets(log).get(log.getFirst());
            while (consumer.position(log.getFirst()) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> {
                    var words = new String(record.value()).split(" ");
                    if (words.length > 2) {
                        marks.put(new String(record.key()), Long.parseLong(words[2]));
                    }
                });
            }
        }
        return marks;
    }

    private static void deleteTopics(Stream<String> topics) throws ExecutionException, InterruptedException {
        var names = topics.toList();
        world.stack.admin().deleteTopics(names).all().get();
        soon().until(() -> world.stack.admin().listTopics().names().get().stream().noneMatch(names::contains));
    }

    private static void deleteFolder(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    @Order(1)
    void offsetsThatTheGroupLostAreTakenFromItsMarksAtOnce() throws Exception {
        awaitMarked("orgs");
        service.stop();
        soon().until(() -> {
            world.stack.admin().deleteConsumerGroups(List.of(Topics.joinGroup("orgs"))).all().get();
            return true;
        });
        long documents = end(Topics.documents("orgs"));
        service.start();
        world.change("INSERT INTO org (id, code, name) VALUES (7001, 'c7001', 'after the loss')");
        world.converges("the group's offsets were lost");
        assertTrue(end(Topics.documents("orgs")) < documents * 3 / 2 + 50, "everything was read again");
    }

    @Test
    @Order(2)
    void deletionsThatMayBeGoneBeforeTheyWereReadStopTheJoin() throws Exception {
        awaitMarked("steps");
        service.stop();
        var topic = Rows.topic("step");
        var setting = Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), (java.util.Collection<AlterConfigOp>) List.of(new AlterConfigOp(new ConfigEntry("delete.retention.ms", "1"), AlterConfigOp.OpType.SET)));
        world.stack.admin().incrementalAlterConfigs(setting).all().get();
        world.change("INSERT INTO org (id, code, name) VALUES (7003, 'c7003', 'o')", "INSERT INTO step (org_code, no, title) VALUES ('c7003', 1, 'while it was away')");
        long documents = end(Topics.documents("steps"));
        service.start();
        awaitSaid(topic, "may have been compacted away before they were read", "./millrace recover documents.steps");
        assertEquals(documents, end(Topics.documents("steps")));
        world.stack.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic),
                List.of(new AlterConfigOp(new ConfigEntry("delete.retention.ms", "86400000"), AlterConfigOp.OpType.SET)))).all().get();
        world.converges("deletions are kept for longer again");
    }

    @Test
    @Order(3)
    void changelogsAndDiskThatAreGoneAreNoticedBeforeTheFirstDocument() throws Exception {
        awaitMarked("monitors");
        service.stop();
        var group = Topics.joinGroup("monitors");
        deleteTopics(Stream.of("rows", "documents", "lookups").map(store -> group + "-" + store + "-changelog"));
        deleteFolder(data.resolve("state-1").resolve(group));
        long documents = end(Topics.documents("monitors"));
        service.start();
        world.change("INSERT INTO org (id, code, name) VALUES (7002, 'c7002', 'other pipelines flow')", "UPDATE monitor SET title = title || ' changed'");
        awaitSaid(group + "-documents-changelog-0", "the topic is not there any more", "come out without their relations", "./millrace recover documents.monitors");
        world.converges(List.of("orgs", "steps", "people"), "another pipeline's state is gone");
        assertEquals(documents, end(Topics.documents("monitors")), "documents came out of a join without its state");
        service.stop();
        service.start();
        awaitSaid("come out without their relations");
        assertEquals(documents, end(Topics.documents("monitors")));
        rebuild("monitors");
        world.converges("the join was built anew from its rows");
        service.stop();
        service.start();
        world.load(20);
        world.converges("the join that was built anew was started again");
    }

    /** What {@code ./millrace recover documents.PIPELINE} does in Kafka. */
    private static void rebuild(String pipeline) throws Exception {
        try (var rebuild = new Rebuild(Map.of("bootstrap.servers", world.stack.servers().kafkaBootstrap()), pipeline)) {
            rebuild.take();
            rebuild.ask();
            awaitSaid("as a person decided, so nothing is joined");
            soon().until(rebuild::isStopped);
            assertTrue(rebuild.clear((read, of) -> assertTrue(read <= of)).floor() > 0);
            await().atMost(Duration.ofMinutes(3)).pollInterval(Duration.ofMillis(500)).until(() -> rebuild.building().isEmpty());
            assertEquals(Map.of(), rebuild.gaps());
            assertTrue(rebuild.isUnderWay(), "nobody has compared its documents with the database yet");
            awaitSaid("were not compared with the database since");
            rebuild.prove();
            soon().untilAsserted(() -> assertFalse(world.stack.health(1).contains("were not compared with the database since")));
            assertFalse(rebuild.isUnderWay());
        }
    }

    @Test
    @Order(4)
    void aDocumentsTopicThatIsDeletedWhileAllRunsIsMissed() throws Exception {
        deleteTopics(Stream.of(Topics.documents("people")));
        awaitSaid(Topics.documents("people"));
        world.stack.topics(List.of(Topics.documents("people")));
        world.documents("people").topicIsAnew();
        awaitSaid(Topics.documents("people") + "-0", "the topic was deleted and made anew", "./millrace recover documents.people");
        world.load(20);
        world.converges(List.of("orgs", "steps"), "another pipeline's documents are gone");
        rebuild("people");
        world.converges("documents whose topic was made anew came out again");
    }

    @Test
    @Order(5)
    void aJoinThatRunsIsBuiltAnewUnderTrafficAndNoVersionGoesBack() throws Exception {
        long emitted = end(Topics.documents("steps"));
        var traffic = CompletableFuture.runAsync(() -> {
            for (int i = 0; i < 20; i++) {
                try {
                    world.load(3);
                    Thread.sleep(500);
                } catch (SQLException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
        rebuild("steps");
        traffic.get();
        world.converges("a join that ran was built anew under traffic");
        assertTrue(end(Topics.documents("steps")) > emitted);
    }

    @Test
    @Order(6)
    void aDocumentsTopicThatLostItsFirstRecordsIsSaid() throws Exception {
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, Topics.documents("orgs"));
        world.stack.admin().incrementalAlterConfigs(Map.of(topic, List.of(new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact,delete"), AlterConfigOp.OpType.SET)))).all().get();
        world.stack.admin().deleteRecords(Map.of(new TopicPartition(Topics.documents("orgs"), 0), RecordsToDelete.beforeOffset(1))).all().get();
        awaitSaid(Topics.documents("orgs") + "-0", "the records from offset 0 to 0 were removed", "replaces: [orgs]");
    }
}
