package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.SharedGate.soon;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.log.Recovery;
import io.millrace.pipeline.topic.Topics;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.avro.Schema;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What captured topics lose, whatever the way, is said, and holds that topic alone until a person decides. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class LostOffsetIT {

    private static final String GROUP = "millrace-gate";

    private final SharedGate gate;
    private final Stack stack;

    LostOffsetIT(SharedGate gate) {
        this.gate = gate;
        this.stack = gate.stack();
    }

    private Schema rows(Captured table, int from, int to) throws ExecutionException, InterruptedException {
        var schema = table.schema(nullable("name", "string"));
        for (int id = from; id < to; id++) {
            table.row(id, schema, Map.of("name", "n" + id)).get();
        }
        return schema;
    }

    /** A record that a killed gate had not committed comes twice. */
    private long distinct(String table) {
        return stack.read("rows.it.public." + table).stream().map(r -> ByteBuffer.wrap(r.key())).distinct().count();
    }

    private void awaitRows(String table, long count) {
        soon().untilAsserted(() -> assertEquals(count, distinct(table)));
    }

    /** Until the gate has committed so many records and left its mark behind them. */
    private void awaitMarked(String table, long count) {
        awaitRows(table, count);
        soon().until(() -> marked(table).values().stream().mapToLong(Long::longValue).sum() == count);
    }

    private Map<String, Long> marked(String table) {
        var offsets = new HashMap<String, Long>();
        for (var record : stack.read(Topics.GATE_MARKS)) {
            var key = new String(record.key());
            if (key.startsWith(GROUP + " captured.it.public." + table + " ")) {
                offsets.put(key, Long.parseLong(new String(record.value()).split(" ")[2]));
            }
        }
        return offsets;
    }

    /** All that stands in the topic now goes. */
    private void removeRecords(String topic) throws ExecutionException, InterruptedException {
        var all = new HashMap<TopicPartition, RecordsToDelete>();
        for (int partition = 0; partition < Captured.PARTITIONS; partition++) {
            all.put(new TopicPartition(topic, partition), RecordsToDelete.beforeOffset(-1));
        }
        stack.admin().deleteRecords(all).all().get();
    }

    private void readFromStart(String topic) throws InterruptedException {
        try (var recovery = new Recovery(Map.of("bootstrap.servers", stack.servers().kafkaBootstrap()), Topics.GATE_MARKS, GROUP)) {
            recovery.readFromStart(topic);
        }
    }

    private void deleteTopic(String topic) throws Exception {
        stack.admin().deleteTopics(List.of(topic)).all().get();
        soon().until(() -> !stack.admin().listTopics().names().get().contains(topic));
    }

    private void make(String topic) throws Exception {
        stack.admin().createTopics(List.of(new NewTopic(topic, Captured.PARTITIONS, (short) 1))).all().get();
    }

    @Test
    void recordsThatWereRemovedWhileTheGateWasAwayHoldTheirTableAloneUntilAPersonDecides() throws Exception {
        var table = stack.captured("expired");
        var other = stack.captured("whole");
        rows(table, 0, 20);
        rows(other, 0, 20);
        awaitMarked("expired", 20);
        awaitMarked("whole", 20);
        gate.process().kill();
        rows(table, 20, 30);
        removeRecords("captured.it.public.expired");
        rows(other, 20, 30);
        gate.process().start();
        rows(table, 30, 40);
        awaitRows("whole", 30);
        gate.awaitHealth(503, allOf(containsString("captured.it.public.expired-0"), containsString("captured.it.public.expired-1"), containsString("were removed before they were read"),
                containsString("./millrace resnapshot it public.expired"), containsString("./millrace recover captured.it.public.expired"), not(containsString("whole"))));
        assertEquals(20, distinct("expired"));
        readFromStart("captured.it.public.expired");
        awaitRows("expired", 30);
        gate.awaitHealth(200, not(containsString("expired")));
        gate.restart();
        rows(table, 40, 50);
        awaitRows("expired", 40);
        gate.awaitHealth(200, not(containsString("expired")));
    }

    @Test
    void aTopicMadeAnewWhileTheGateRunsIsNotTakenForTheOldOne() throws Exception {
        var table = stack.captured("anew");
        rows(table, 0, 20);
        awaitMarked("anew", 20);
        deleteTopic("captured.it.public.anew");
        gate.awaitHealth(503, allOf(containsString("captured.it.public.anew-0"), containsString("the topic is not there any more")));
        make("captured.it.public.anew");
        rows(table, 20, 40);
        gate.awaitHealth(503, containsString("the topic was deleted and made anew"));
        assertEquals(20, distinct("anew"));
        readFromStart("captured.it.public.anew");
        awaitRows("anew", 40);
        gate.awaitHealth(200, not(containsString("anew")));
    }

    @Test
    void aTopicThatIsShorterThanWhatWasReadOfItIsHeldAlsoWhenItHasGrownAgain() throws Exception {
        var table = stack.captured("shorter");
        rows(table, 0, 20);
        awaitMarked("shorter", 20);
        gate.process().kill();
        // As if Kafka came back from a copy without these records, its offsets from a later one.
        soon().until(() -> {
            stack.admin().alterConsumerGroupOffsets(GROUP, Map.of(new TopicPartition("captured.it.public.shorter", 0), new org.apache.kafka.clients.consumer.OffsetAndMetadata(1_000))).all().get();
            return true;
        });
        gate.process().start();
        gate.awaitHealth(503, allOf(containsString("captured.it.public.shorter-0"), containsString("it was read up to offset 1000 and ends at")));
        var schema = rows(table, 20, 21);
        for (int i = 0; i < 1_200; i++) {
            table.write(0, table.key(1), Captured.encode(new org.apache.avro.generic.GenericRecordBuilder(schema).set("id", 1L).set("name", "later").build(), table.register("-value", schema)), io.millrace.pipeline.record.Op.UPDATE);
        }
        stack.producer().flush();
        gate.restart();
        gate.awaitHealth(503, containsString("it was read up to offset 1000 and ends at"));
        readFromStart("captured.it.public.shorter");
        gate.awaitHealth(200, not(containsString("shorter")));
        soon().untilAsserted(() -> Ledger.assertNothingLostOrOvertaken(stack, "shorter"));
    }

    @Test
    void offsetsThatTheGroupLostAreTakenFromItsMarks() throws Exception {
        var table = stack.captured("forgotten");
        rows(table, 0, 20);
        awaitMarked("forgotten", 20);
        gate.process().kill();
        soon().until(() -> {
            stack.admin().deleteConsumerGroupOffsets(GROUP, Set.of(new TopicPartition("captured.it.public.forgotten", 0), new TopicPartition("captured.it.public.forgotten", 1))).all().get();
            return true;
        });
        rows(table, 20, 30);
        gate.process().start();
        awaitRows("forgotten", 30);
        gate.awaitHealth(200, not(containsString("forgotten")));
    }

    @Test
    void aTableWhoseFirstRecordsAreGoneBeforeTheGateSawItIsNew() throws Exception {
        var table = stack.captured("young");
        rows(table, 0, 20);
        awaitMarked("young", 20);
        removeRecords("captured.it.public.young");
        gate.restart();
        rows(table, 20, 25);
        awaitRows("young", 25);
        gate.awaitHealth(200, not(containsString("young")));
    }
}
