package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.topic.Topics;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An instance comes back with its disk after its partitions were another's for longer than the changelogs keep deletions. */
@Tag("long")
class OldDiskIT {

    private static final String GROUP = Topics.joinGroup("steps");
    private static final List<String> CHANGELOGS = Stream.of("rows", "documents", "lookups").map(store -> GROUP + "-" + store + "-changelog").toList();
    private static final Map<String, String> SETTINGS = Map.of("millrace.denormalizer.session-timeout", "6s", "millrace.denormalizer.keep-removed", "1s");
    private static final Map<String, String> NOTHING_KEPT = Map.of("delete.retention.ms", "1", "segment.ms", "100", "max.compaction.lag.ms", "100", "min.cleanable.dirty.ratio", "0.01");

    private static final int NOTES = 40;

    @TempDir
    static Path data;

    /** How it was away: its process ended, or stood still and knows nothing of it. */
    enum Away { STOPPED, FROZEN }

    @ParameterizedTest
    @EnumSource
    void whatWasDeletedAndCompactedAwayMeanwhileDoesNotComeBack(Away away) throws Exception {
        var folder = Files.createDirectories(data.resolve(away.name()));
        try (var world = new World(folder, Map.of())) {
            var stays = world.stack.service(1, World.FILES.toString(), SETTINGS);
            var leaves = world.stack.service(2, World.FILES.toString(), SETTINGS);
            stays.start();
            world.load(150);
            world.change("INSERT INTO org (id, code, name) SELECT 8000 + n, 'c' || 8000 + n, 'o' FROM generate_series(1, " + NOTES + ") n", "INSERT INTO step (org_code, no, title) SELECT 'c' || 8000 + n, 1, 's' FROM generate_series(1, " + NOTES + ") n",
                    "INSERT INTO note (id, org_code, step_no, body) SELECT 80000 + n, 'c' || 8000 + n, 1, 'deleted later' FROM generate_series(1, " + NOTES + ") n");
            world.converges("the first build");
            leaves.start();
            await("the other one has partitions, and their state").atMost(Duration.ofMinutes(2)).ignoreExceptions().until(() -> world.stack.health(2).contains("steps") && hasState(folder));
            leave(leaves, away);
            var before = keys(world, true);
            world.changeOnly("DELETE FROM note WHERE id > 80000");
            world.converges("the notes are deleted");
            awaitDeletionsGone(world, before);
            stays.stop();
            assertTrue(hasState(folder));
            comeBack(leaves, away);
            world.changeOnly("UPDATE step SET title = title || ' again' WHERE org_code > 'c8000'");
            world.converges("the instance that was away shows what was deleted meanwhile");
            assertFalse(world.documents("steps").now().values().stream().anyMatch(document -> document.contains("deleted later")));
        }
    }

    private static void leave(ManagedProcess instance, Away away) throws Exception {
        if (away == Away.FROZEN) {
            signal(instance, "STOP");
        } else {
            instance.stop();
        }
    }

    private static void comeBack(ManagedProcess instance, Away away) throws Exception {
        if (away == Away.FROZEN) {
            signal(instance, "CONT");
        } else {
            instance.start();
        }
    }

    private static void signal(ManagedProcess instance, String signal) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + signal, Long.toString(instance.running().orElseThrow().pid())).inheritIO().start().waitFor());
    }

    /** Of some partition. */
    private static boolean hasState(Path data) throws Exception {
        var state = data.resolve("state-2").resolve(GROUP);
        if (!Files.isDirectory(state)) {
            return false;
        }
        try (var files = Files.walk(state)) {
            return files.anyMatch(file -> file.getFileName().toString().equals(".checkpoint"));
        }
    }

    /** @param before what was deleted in the state already */
    private static void awaitDeletionsGone(World world, Set<ByteBuffer> before) throws Exception {
        var deleted = new HashSet<ByteBuffer>();
        await("the notes are deleted in the state").pollInterval(Duration.ofMillis(500)).atMost(Duration.ofMinutes(1)).until(() -> {
            deleted.addAll(keys(world, true));
            deleted.removeAll(before);
            return deleted.size() >= NOTES;
        });
        Collection<AlterConfigOp> settings = NOTHING_KEPT.entrySet().stream().map(setting -> new AlterConfigOp(new ConfigEntry(setting.getKey(), setting.getValue()), AlterConfigOp.OpType.SET)).toList();
        world.stack.admin().incrementalAlterConfigs(CHANGELOGS.stream().collect(Collectors.toMap(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic), _ -> settings))).all().get();
        await("its deletions are compacted away").pollInterval(Duration.ofMillis(500)).atMost(Duration.ofMinutes(3)).until(() -> {
            // A segment is only closed by a record that comes later, and what is in the last one is not compacted.
            world.changeOnly("UPDATE step SET title = title || '.' WHERE org_code > 'c8000'");
            return Collections.disjoint(keys(world, false), deleted);
        });
    }

    /** @param deleted whether only those whose last record is a deletion */
    private static Set<ByteBuffer> keys(World world, boolean deleted) {
        var last = new HashMap<ByteBuffer, Boolean>();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", world.stack.servers().kafkaBootstrap()), new ByteBufferDeserializer(), new ByteBufferDeserializer())) {
            var partitions = consumer.partitionsFor(CHANGELOGS.get(1)).stream().map(partition -> new TopicPartition(partition.topic(), partition.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> last.put(record.key(), record.value() == null));
            }
        }
        return last.entrySet().stream().filter(key -> !deleted || key.getValue()).map(Map.Entry::getKey).collect(Collectors.toSet());
    }
}
