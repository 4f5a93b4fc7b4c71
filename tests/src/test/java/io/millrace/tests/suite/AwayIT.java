package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Health;
import io.millrace.tests.stack.NextGeneration;
import io.millrace.tests.stack.OnCall;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.SharedStack;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A stage is away for longer than the topic before it keeps what it has not read, and rows were deleted meanwhile. It does not go on as if nothing had been: it says
 * so or heals itself, and whoever does what health says has every document right, also in a generation that is built from the rows.
 */
@Tag("long")
@ExtendWith(SharedStack.class)
class AwayIT {

    private static final TableName TABLE = new TableName("public", "monitor");
    private static final String ROWS = Topics.rows("demo", TABLE);
    private static final String CAPTURED = Topics.captured("demo", TABLE);
    private static final String DOCUMENTS = Topics.documents("monitors");
    private static final int OWN = 30;
    private static final Map<String, String> NO_DELETIONS = Map.of("delete.retention.ms", "1", "segment.ms", "100", "max.compaction.lag.ms", "100", "min.cleanable.dirty.ratio", "0.01");
    private static final Map<String, String> NO_RECORDS = Map.of("retention.ms", "1", "segment.ms", "100");

    private final DemoStack stack;
    private final Health health;
    private final Admin admin;

    AwayIT(DemoStack stack) {
        this.stack = stack;
        this.health = new Health(stack);
        this.admin = Admin.create(Map.copyOf(stack.stack().servers().kafkaAdmin()));
    }

    @BeforeEach
    void withOwnRows() throws SQLException {
        change("INSERT INTO public.monitor (id, organisation_id, name, query, status, type, created, modified) SELECT -n, 1, 'deleted later', 'q', 'ok', 'metric', now(), now() FROM generate_series(1, " + OWN + ") n");
        stack.settled().await();
    }

    @AfterEach
    void close() {
        admin.close();
    }

    @Test
    void theGateWhoseRecordsExpired() throws Exception {
        stack.process(Stage.GATE).kill();
        long before = captured();
        deleteOwn();
        change("UPDATE public.monitor SET name = 'changed while the gate was away' WHERE id IN (SELECT id FROM public.monitor ORDER BY id LIMIT 5)");
        awaitCaptured(before + OWN + 5);
        try (var settings = new Changed(CAPTURED, NO_RECORDS)) {
            // Kafka looks each five minutes what is to go, and half a minute after its start.
            stack.stack().servers().kafka().restart();
            patience("nothing is left that the gate has not read", Duration.ofMinutes(7)).until(() -> offsets(OffsetSpec.earliest()).equals(offsets(OffsetSpec.latest())));
        }
        stack.process(Stage.GATE).start();
        said(Stage.GATE, CAPTURED, "were removed before they were read");
        isMendedByWhatHealthSays("monitors-gate-away");
    }

    @Test
    void theJoinWhoseDeletionsWereCompactedAway() throws Exception {
        stack.process(Stage.DENORMALIZER).kill();
        try (var settings = new Changed(ROWS, NO_DELETIONS)) {
            deleteOwn();
            awaitDeletionsGone(ROWS);
            stack.process(Stage.DENORMALIZER).start();
            said(Stage.DENORMALIZER, ROWS, "may have been compacted away before they were read");
            new OnCall(stack).recover();
        }
        isMendedByWhatHealthSays("monitors-join-away");
    }

    @Test
    void theIndexerWhoseDeletionsWereCompactedAwayHealsItself() throws Exception {
        stack.process(Stage.INDEXER).kill();
        try (var settings = new Changed(DOCUMENTS, NO_DELETIONS)) {
            deleteOwn();
            awaitDeletionsGone(DOCUMENTS);
            stack.process(Stage.INDEXER).start();
            isRight();
        }
    }

    private void isMendedByWhatHealthSays(String generation) throws Exception {
        new OnCall(stack).recover();
        isRight();
        new NextGeneration(stack).isRight(generation);
    }

    private void isRight() {
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe));
        patience("every stage is ready", Duration.ofSeconds(60)).untilAsserted(() -> {
            for (var stage : Stage.values()) {
                assertTrue(health.ready(stage).startsWith("200"), () -> stage + " says " + health.ready(stage));
            }
        });
    }

    private void said(Stage stage, String... parts) {
        patience("it is said", Duration.ofSeconds(30)).untilAsserted(() -> {
            var said = health.ready(stage);
            for (var part : parts) {
                assertTrue(said.startsWith("503") && said.contains(part), () -> "'" + part + "' is not in " + said);
            }
        });
    }

    private void deleteOwn() throws SQLException {
        assertEquals(OWN, change("DELETE FROM public.monitor WHERE id < 0"));
    }

    private int change(String sql) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    /** Until there are, or were, so many of the table. */
    private void awaitCaptured(long records) {
        patience("capture has written what changed", Duration.ofSeconds(30)).until(() -> captured() >= records);
    }

    private long captured() throws ExecutionException, InterruptedException {
        return offsets(OffsetSpec.latest()).values().stream().mapToLong(Long::longValue).sum();
    }

    private Map<TopicPartition, Long> offsets(OffsetSpec which) throws ExecutionException, InterruptedException {
        var partitions = admin.describeTopics(List.of(CAPTURED)).allTopicNames().get().get(CAPTURED).partitions();
        return admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> new TopicPartition(CAPTURED, p.partition()), _ -> which))).all().get().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, listed -> listed.getValue().offset()));
    }

    /** Until nothing in the topic says that the own rows are gone, and nothing that they were there. */
    private void awaitDeletionsGone(String topic) throws Exception {
        var deleted = new HashSet<ByteBuffer>();
        patience("the deletions are compacted away", Duration.ofMinutes(4)).until(() -> {
            var keys = keys(topic);
            keys.forEach((key, isDeletion) -> {
                if (isDeletion) {
                    deleted.add(key);
                }
            });
            // A segment is only closed by a record that comes later, and what is in the last one is not compacted.
            change("UPDATE public.monitor SET name = name || '.' WHERE id IN (SELECT id FROM public.monitor ORDER BY id LIMIT 40)");
            return deleted.size() >= OWN && Collections.disjoint(keys.keySet(), deleted);
        });
    }

    /** By key, whether the last record is a deletion. */
    private Map<ByteBuffer, Boolean> keys(String topic) {
        var last = new HashMap<ByteBuffer, Boolean>();
        new RawTopics(stack).read(topic).forEach(record -> last.put(ByteBuffer.wrap(record.key()), record.value() == null));
        return last;
    }

    private static ConditionFactory patience(String what, Duration most) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(500)).atMost(most).ignoreExceptions();
    }

    /** A topic whose settings are others until this is closed. */
    private final class Changed implements AutoCloseable {

        private final ConfigResource topic;
        private final Map<String, ConfigEntry> before;

        Changed(String topic, Map<String, String> settings) throws ExecutionException, InterruptedException {
            this.topic = new ConfigResource(ConfigResource.Type.TOPIC, topic);
            var now = admin.describeConfigs(Set.of(this.topic)).all().get().get(this.topic);
            this.before = settings.keySet().stream().collect(Collectors.toMap(name -> name, now::get));
            alter(settings.entrySet().stream().map(setting -> new AlterConfigOp(new ConfigEntry(setting.getKey(), setting.getValue()), AlterConfigOp.OpType.SET)).toList());
        }

        private void alter(Collection<AlterConfigOp> operations) throws ExecutionException, InterruptedException {
            admin.incrementalAlterConfigs(Map.of(topic, operations)).all().get();
        }

        @Override
        public void close() throws ExecutionException, InterruptedException {
            alter(before.entrySet().stream().map(setting -> setting.getValue().source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG
                    ? new AlterConfigOp(new ConfigEntry(setting.getKey(), setting.getValue().value()), AlterConfigOp.OpType.SET)
                    : new AlterConfigOp(new ConfigEntry(setting.getKey(), null), AlterConfigOp.OpType.DELETE)).toList());
        }
    }
}
