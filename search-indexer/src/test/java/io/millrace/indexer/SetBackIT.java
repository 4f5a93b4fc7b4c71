package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An index that is older than what was committed for it, and a topic that no longer has what was to be read. */
@Tag("long")
class SetBackIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    /** How long something may be missing before health says so. */
    private static final Duration SAID = Duration.ofSeconds(30);
    private static final String FIELDS = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";

    @TempDir
    static Path folder;
    private static Stack stack;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        for (var name : List.of("restored", "forgotten", "renewed", "older", "cut", "unwritable", "unwanted", "kept", "flowing")) {
            stack.pipeline(name, "id, name", FIELDS, "");
        }
        // The engine must not remember for us that a document was deleted.
        stack.pipeline("revived", "id, name", FIELDS, "settings: {gc_deletes: 1s}");
        start();
    }

    private static void start() {
        stack.startIndexer(Map.of("millrace.indexer.mark-interval", "500ms"), Map.of());
    }

    @AfterAll
    static void stopAll() {
        if (stack != null) {
            stack.close();
        }
    }

    private static void write(String pipeline, int from, int to, long version, String name) throws Exception {
        for (int i = from; i < to; i++) {
            stack.document(pipeline, "d" + i, version, "{\"id\":" + i + ",\"name\":\"" + name + "\"}").get();
        }
    }

    private static List<String> names(String index, int count) {
        var names = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            names.add(stack.indexed(index, "d" + i).path("_source").path("name").asText());
        }
        return names;
    }

    private static void awaitNames(String index, int count, String name) {
        await().atMost(SOON).untilAsserted(() -> assertEquals(java.util.Collections.nCopies(count, name), names(index, count), () -> stack.ready().toString()));
    }

    /** The marks of a pipeline's partitions stand at the offsets that it committed. */
    private static void awaitMarks(String pipeline) {
        await().atMost(SOON).untilAsserted(() -> {
            long marked = 0;
            for (int i = 0; i < Stack.PARTITIONS; i++) {
                marked += stack.get(mark(pipeline, i)).path("_source").path("offset").asLong(-1);
            }
            assertEquals(stack.committed(pipeline), marked);
        });
    }

    private static String mark(String pipeline, int partition) {
        return "/millrace-marks/_doc/" + Stack.GROUP + "%2F" + new TopicPartition(Topics.documents(pipeline), partition) + "%2F" + uuid(pipeline);
    }

    /** The engine's id of a pipeline's index. */
    private static String uuid(String index) {
        return stack.get("/" + index + "/_settings?flat_settings=true").elements().next().path("settings").path("index.uuid").asText();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                var target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void anIndexThatCameBackFromACopyGetsWhatItLacks() throws Exception {
        write("restored", 0, 20, 1, "before");
        awaitNames("restored", 20, "before");
        awaitMarks("restored");
        var data = stack.servers.data().resolve("search");
        stack.servers.search().stop();
        copy(data, folder.resolve("copy"));
        stack.servers.search().start();
        write("restored", 0, 5, 2, "after");
        stack.document("restored", "d19", 3, null).get();
        awaitNames("restored", 5, "after");
        await().atMost(SOON).untilAsserted(() -> assertEquals(19, stack.count("restored")));
        awaitMarks("restored");
        stack.servers.search().stop();
        delete(data);
        copy(folder.resolve("copy"), data);
        stack.servers.search().start();
        awaitNames("restored", 5, "after");
        await().atMost(SOON).untilAsserted(() -> assertEquals(19, stack.count("restored")));
        assertEquals("before", names("restored", 6).getLast());
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    private static void awaitMark(String index, long offsets) {
        var uuid = uuid(index);
        await().atMost(SOON).untilAsserted(() -> {
            long marked = 0;
            for (int i = 0; i < Stack.PARTITIONS; i++) {
                marked += stack.get("/millrace-marks/_doc/" + Stack.GROUP + "%2F" + new TopicPartition(Topics.documents("kept"), i) + "%2F" + uuid).path("_source").path("offset").asLong(-1);
            }
            assertEquals(offsets, marked);
        });
    }

    @Test
    void anIndexThatIsKeptAsideAndCameBackFromACopyGetsWhatItLacksAlsoWhenDocumentsComeAtOnce() throws Exception {
        stack.indexer().stop();
        stack.startIndexer(Map.of("millrace.indexer.mark-interval", "8s"), Map.of());
        try {
            write("kept", 0, 20, 1, "before");
            awaitNames("kept", 20, "before");
            assertEquals(202, stack.operate("POST", "/pipelines/kept/generations?hold=true").path("status").asInt());
            awaitNames("kept-000002", 20, "before");
            awaitMark("kept-000002", 20);
            var data = stack.servers.data().resolve("search");
            stack.servers.search().stop();
            copy(data, folder.resolve("copy of a kept one"));
            stack.servers.search().start();
            write("kept", 0, 5, 2, "after");
            awaitNames("kept-000002", 5, "after");
            awaitMark("kept-000002", 25);
            stack.servers.search().stop();
            delete(data);
            copy(folder.resolve("copy of a kept one"), data);
            stack.servers.search().start();
            write("kept", 10, 12, 2, "at once");
            awaitNames("kept-000002", 5, "after");
            assertEquals(List.of("at once", "at once"), names("kept-000002", 12).subList(10, 12));
        } finally {
            stack.indexer().stop();
            start();
        }
    }

    @Test
    void aDocumentWhoseDeleteWasCompactedAwayBeforeItWasReadIsDeleted() throws Exception {
        write("forgotten", 0, 20, 1, "stays");
        awaitNames("forgotten", 20, "stays");
        awaitMarks("forgotten");
        stack.indexer().stop();
        var topic = Topics.documents("forgotten");
        alter(topic, Map.of("delete.retention.ms", "0", "segment.ms", "100", "max.compaction.lag.ms", "100", "min.cleanable.dirty.ratio", "0.01"));
        for (int i = 0; i < 3; i++) {
            stack.document("forgotten", "d" + i, 2, null).get();
        }
        await().pollInterval(Duration.ofMillis(500)).atMost(Duration.ofMinutes(3)).untilAsserted(() -> {
            // A segment is only closed by a record that comes later, and what is in the last one is not compacted.
            write("forgotten", 18, 20, 2, "stays");
            assertTrue(java.util.Collections.disjoint(keys(topic), Set.of("d0", "d1", "d2")), "the deletes are not compacted away yet");
        });
        assertEquals(20, stack.count("forgotten"));
        start();
        await().atMost(SOON).untilAsserted(() -> assertEquals(17, stack.count("forgotten"), () -> stack.ready().toString()));
        assertEquals("stays", names("forgotten", 4).getLast());
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    /** An orphan stands in the index, and the alias by which it would be deleted is taken away each time that it is given back, until this is said. */
    private static void reconcileInVain(String pipeline) throws Exception {
        write(pipeline, 0, 4, 1, "stays");
        awaitNames(pipeline, 4, "stays");
        awaitMarks(pipeline);
        stack.call("PUT", "/" + pipeline + "-000001/_doc/orphan?refresh=true", "{\"id\":9,\"name\":\"is in no topic\"}");
        try (var taker = Executors.newSingleThreadScheduledExecutor()) {
            taker.scheduleWithFixedDelay(() -> stack.call("POST", "/_aliases", "{\"actions\":[{\"remove\":{\"index\":\"" + pipeline + "-000001\",\"alias\":\"" + pipeline + "-000001-*riter\"}}]}"), 0, 20, TimeUnit.MILLISECONDS);
            for (int i = 0; i < Stack.PARTITIONS; i++) {
                stack.call("DELETE", mark(pipeline, i), null);
            }
            await().atMost(SAID).untilAsserted(() -> assertTrue(stack.ready().toString().contains("The index " + pipeline + "-000001 cannot be written by its alias"), () -> stack.ready().toString()));
            assertEquals(5, stack.count(pipeline));
        }
    }

    @Test
    void aReconciliationThatFindsNoAliasToDeleteByIsNotDone() throws Exception {
        reconcileInVain("unwritable");
        await().atMost(SOON).untilAsserted(() -> assertEquals(4, stack.count("unwritable")));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
        assertEquals("stays", names("unwritable", 4).getLast());
    }

    @Test
    void aReconciliationEndsWhileDocumentsKeepComing() throws Exception {
        try (var traffic = new Traffic(stack, "flowing", 500, 2_000)) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("flowing") >= 500));
            stack.call("PUT", "/flowing-000001/_doc/orphan?refresh=true", "{\"id\":9,\"name\":\"is in no topic\"}");
            for (int i = 0; i < Stack.PARTITIONS; i++) {
                stack.call("DELETE", mark("flowing", i), null);
            }
            await().atMost(SOON).untilAsserted(() -> assertFalse(stack.indexed("flowing-000001", "orphan").path("found").asBoolean(true), () -> stack.ready().toString()));
            traffic.stop();
            var expected = traffic.expected();
            await().atMost(SOON).untilAsserted(() -> assertEquals(expected.size(), stack.count("flowing"), () -> stack.ready().toString()));
        }
    }

    @Test
    void aReconciliationWhoseIndexIsDeletedKeepsNobodyWaiting() throws Exception {
        reconcileInVain("unwanted");
        stack.call("DELETE", "/unwanted-000001", null);
        awaitNames("unwanted", 4, "stays");
        assertEquals(4, stack.count("unwanted"));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void aParkedDocumentWhoseDeleteWasCompactedAwayStaysDeleted() throws Exception {
        var topic = Topics.documents("revived");
        alter(topic, Map.of("delete.retention.ms", "0", "segment.ms", "100", "max.compaction.lag.ms", "100", "min.cleanable.dirty.ratio", "0.01"));
        write("revived", 0, 20, 1, "stays");
        awaitNames("revived", 20, "stays");
        for (var id : List.of("d0", "d1")) {
            stack.document("revived", id, 2, "{\"id\":1,\"name\":\"parked\",\"novel\":1}").get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.quarantined("revived").size()));
        stack.document("revived", "d0", 3, null).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(19, stack.count("revived")));
        await().pollInterval(Duration.ofMillis(500)).atMost(Duration.ofMinutes(3)).untilAsserted(() -> {
            write("revived", 10, 20, 2, "stays");
            assertTrue(java.util.Collections.disjoint(keys(topic), Set.of("d0")), "the delete is not compacted away yet");
        });
        stack.call("PUT", "/revived-000001/_mapping", "{\"properties\":{\"novel\":{\"type\":\"long\"}}}");
        var answer = stack.operate("POST", "/pipelines/revived/quarantine/replay", "{\"reason\":\"the field is there\"}");
        assertEquals(2, answer.path("body").path("replayed").asInt(), answer::toString);
        await().atMost(SOON).untilAsserted(() -> assertEquals(0, stack.operate("GET", "/pipelines/revived/quarantine").path("body").path("count").asInt(-1)));
        assertEquals("parked", stack.indexed("revived", "d1").path("_source").path("name").asText(), "what the log still says is written");
        assertEquals(19, stack.count("revived"), "what it does not say any more is not");
    }

    @Test
    void aTopicThatWasDeletedIsSaid() throws Exception {
        write("renewed", 0, 4, 1, "old");
        awaitNames("renewed", 4, "old");
        awaitMarks("renewed");
        var topic = Topics.documents("renewed");
        stack.admin.deleteTopics(List.of(topic)).all().get();
        await().atMost(SAID).untilAsserted(() -> assertTrue(stack.ready().toString().contains("the topic documents.renewed is not there, so no change arrives"), () -> stack.ready().toString()));
        assertEquals("DOWN", stack.ready().path("status").asText());
        stack.admin.createTopics(List.of(new NewTopic(topic, Stack.PARTITIONS, (short) 1).configs(Map.of("cleanup.policy", "compact")))).all().get();
        await().atMost(SAID).untilAsserted(() -> assertTrue(stack.ready().toString().contains("was deleted and made anew"), () -> stack.ready().toString()));
        write("renewed", 0, 2, 2, "new");
        awaitNames("renewed", 2, "new");
        assertEquals("DOWN", stack.ready().path("status").asText(), "what it lacks is not known");
        live("renewed", 1, () -> write("renewed", 0, 2, 3, "anew"));
        awaitNames("renewed", 2, "anew");
        await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.count("renewed")));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void aKafkaThatCameBackFromAnOlderCopyThanTheIndexIsSaidAlsoWhenItsTopicHasGrownAgain() throws Exception {
        write("older", 0, 4, 1, "old");
        awaitNames("older", 4, "old");
        var kafka = stack.servers.data().resolve("kafka");
        stack.servers.kafka().stop();
        copy(kafka, folder.resolve("kafka of yesterday"));
        stack.servers.kafka().start();
        write("older", 0, 4, 2, "new");
        write("older", 7, 8, 2, "of what is lost");
        awaitNames("older", 4, "new");
        await().atMost(SOON).untilAsserted(() -> assertEquals(5, stack.count("older")));
        awaitMarks("older");
        stack.servers.kafka().stop();
        delete(kafka);
        copy(folder.resolve("kafka of yesterday"), kafka);
        stack.servers.kafka().start();
        await().atMost(SAID).untilAsserted(() -> assertTrue(stack.ready().toString().contains("has all up to offset"), () -> stack.ready().toString()));
        write("older", 10, 20, 3, "later");
        await().atMost(SOON).untilAsserted(() -> assertEquals(15, stack.count("older")));
        stack.indexer().stop();
        start();
        await().atMost(SAID).untilAsserted(() -> assertTrue(stack.ready().toString().contains("came back from an older copy"), () -> stack.ready().toString()));
        live("older", 1, () -> {
            write("older", 0, 4, 4, "anew");
            write("older", 10, 20, 4, "anew");
        });
        awaitNames("older", 4, "anew");
        await().atMost(SOON).untilAsserted(() -> assertEquals(14, stack.count("older"), "what the topic lacks is gone"));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void aTopicThatLostItsFirstDocumentsIsSaidBeforeAnIndexIsMadeFromIt() throws Exception {
        write("cut", 0, 12, 1, "stays");
        awaitNames("cut", 12, "stays");
        var topic = Topics.documents("cut");
        alter(topic, Map.of("cleanup.policy", "compact,delete"));
        stack.admin.deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(1))).all().get();
        await().atMost(SAID).untilAsserted(() -> assertTrue(stack.ready().toString().contains("its records before offset 1 were deleted"), () -> stack.ready().toString()));
        assertEquals(12, stack.count("cut"), "nothing is taken from the index for it");
        stack.admin.deleteTopics(List.of(topic)).all().get();
        stack.admin.createTopics(List.of(new NewTopic(topic, Stack.PARTITIONS, (short) 1).configs(Map.of("cleanup.policy", "compact")))).all().get();
        stack.call("DELETE", "/cut-000001", null);
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    /** What a join that is built anew says of itself around its documents. */
    private static void live(String pipeline, int life, Anew documents) throws Exception {
        var state = Topics.joinState(Topics.joinGroup(pipeline));
        stack.joinTopics(pipeline);
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new StringSerializer(), new StringSerializer());
                var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            for (int i = 0; i < Stack.PARTITIONS; i++) {
                var partition = new TopicPartition(Topics.documents(pipeline), i);
                producer.send(new ProducerRecord<>(state, Integer.toString(i), JoinState.BUILDING)).get();
                producer.send(new ProducerRecord<>(state, JoinState.lifeOf(i), life + " " + consumer.endOffsets(List.of(partition)).get(partition))).get();
            }
            documents.write();
            for (int i = 0; i < Stack.PARTITIONS; i++) {
                producer.send(new ProducerRecord<>(state, Integer.toString(i), JoinState.IDLE)).get();
            }
        }
    }

    private interface Anew {
        void write() throws Exception;
    }

    private static void alter(String topic, Map<String, String> settings) throws Exception {
        stack.admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic),
                settings.entrySet().stream().map(e -> new AlterConfigOp(new ConfigEntry(e.getKey(), e.getValue()), AlterConfigOp.OpType.SET)).toList())).all().get();
    }

    private static Set<String> keys(String topic) {
        var keys = new HashSet<String>();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap(), "auto.offset.reset", "earliest"), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> keys.add(new String(record.key(), StandardCharsets.UTF_8)));
            }
        }
        return keys;
    }
}
