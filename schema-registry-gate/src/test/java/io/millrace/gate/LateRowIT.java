package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.record.Headers;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A row that another writer sends late, as an instance does that slept past its session: compaction would keep it instead of the newest. */
@ExtendWith(SharedGate.Extension.class)
class LateRowIT {

    private final SharedGate gate;

    LateRowIT(SharedGate gate) {
        this.gate = gate;
    }

    @Test
    void theNewestRowOfAKeyIsSentAgainBehindALateOneAndNoOther() throws Exception {
        var table = gate.stack().captured("late");
        var schema = table.schema(nullable("name", "string"));
        row(table, schema, "a");
        row(table, schema, "b");
        gate.awaitCount("rows", "late", 2);
        var first = rows("late").getFirst();
        var newest = rows("late").getLast();

        // Nothing else comes, so that nothing but a look shows it.
        again(first);
        gate.awaitCount("rows", "late", 4);
        assertNewest("late", newest);

        // It comes between two rows of the lane; the newest row is behind it already.
        again(first);
        row(table, schema, "c");
        SharedGate.soon().untilAsserted(() -> assertArrayEquals(newest(table, schema, "c"), rows("late").getLast().value()));

        // It is of a key of which the lane has sent nothing newer: it stays as it is.
        long before = rows("late").size();
        again(rows("late").getLast());
        row(table, schema, "d");
        gate.awaitCount("rows", "late", before + 2);
        SharedGate.soon().untilAsserted(() -> assertArrayEquals(newest(table, schema, "d"), rows("late").getLast().value()));
    }

    @Test
    void alsoWhereItCameLateIntoTheQuarantine() throws Exception {
        var table = gate.stack().captured("latelyparked");
        var schema = table.schema(nullable("name", "string"));
        row(table, schema, "a");
        gate.awaitCount("rows", "latelyparked", 1);
        gate.post("latelyparked", "hold", "{\"reason\": \"made by a test\"}");
        row(table, schema, "b");
        row(table, schema, "c");
        gate.awaitCount("quarantine", "latelyparked", 2);
        again(gate.stack().read("quarantine.it.public.latelyparked").getFirst());
        gate.post("latelyparked", "replay", "{\"reason\": \"made by a test\"}");
        gate.awaitState("latelyparked", "flowing");
        SharedGate.soon().untilAsserted(() -> assertArrayEquals(newest(table, schema, "c"), rows("latelyparked").getLast().value()));
    }

    private static void row(Captured table, Schema schema, String name) throws Exception {
        table.row(1, schema, Map.of("name", name)).get();
    }

    private static byte[] newest(Captured table, Schema schema, String name) {
        return Captured.encode(new org.apache.avro.generic.GenericRecordBuilder(schema).set("id", 1L).set("name", name).build(), table.register("-value", schema));
    }

    private List<ConsumerRecord<byte[], byte[]>> rows(String table) {
        return gate.stack().read("rows.it.public." + table);
    }

    private void again(ConsumerRecord<byte[], byte[]> record) throws Exception {
        gate.stack().producer().send(new ProducerRecord<>(record.topic(), record.partition(), record.timestamp(), record.key(), record.value(), record.headers())).get();
    }

    /** All that a record says of itself but its number in the topic. */
    private static String story(ConsumerRecord<byte[], byte[]> row) {
        return Arrays.stream(row.headers().toArray()).filter(header -> !header.key().equals(Headers.LEDGER)).map(Header::toString).collect(Collectors.joining(", "));
    }

    private void assertNewest(String table, ConsumerRecord<byte[], byte[]> newest) {
        var last = rows(table).getLast();
        assertArrayEquals(newest.value(), last.value());
        assertEquals(story(newest), story(last), "its position and times are its own");
    }
}
