package io.millrace.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Holds what came out of the gate against what went in, by the positions and numbers in the headers. */
final class Ledger {

    private Ledger() {}

    static void assertNothingLostOrOvertaken(Stack stack, String table) {
        assertNothingLostOrOvertaken(stack, table, record -> true);
    }

    /**
     * What should pass came through at least once, in the order of its first time, and each key's last record is its newest.
     *
     * @param passes whether a captured record should have passed; what should not must not be there
     */
    static void assertNothingLostOrOvertaken(Stack stack, String table, Predicate<ConsumerRecord<byte[], byte[]>> passes) {
        var captured = stack.read("captured.it.public." + table).stream().filter(passes).toList();
        var newest = new TreeMap<Integer, Position>();
        var seen = new HashSet<Position>();
        var last = new HashMap<ByteBuffer, Position>();
        var rows = stack.read("rows.it.public." + table);
        for (var record : rows) {
            var position = Headers.position(record.headers());
            if (seen.add(position)) {
                var before = newest.put(record.partition(), position);
                assertTrue(before == null || before.isBefore(position), position + " was overtaken by " + before);
            }
            last.put(ByteBuffer.wrap(record.key()), position);
        }
        var expected = new HashMap<ByteBuffer, Position>();
        captured.forEach(r -> expected.put(ByteBuffer.wrap(r.key()), Headers.position(r.headers())));
        assertEquals(captured.stream().map(r -> Headers.position(r.headers())).collect(Collectors.toSet()), seen);
        assertEquals(expected, last);
        assertCounted(rows);
    }

    /** By the numbers that gates gave to the rows of a topic. */
    static void assertCounted(List<ConsumerRecord<byte[], byte[]>> rows) {
        var ledger = new io.millrace.pipeline.ledger.Ledger(topic -> "");
        var tallies = new TreeMap<Integer, Tally>();
        for (var row : rows) {
            tallies.computeIfAbsent(row.partition(), partition -> new Tally(new TopicPartition(row.topic(), partition), true, 0, ledger)).of(row);
            assertNotNull(row.headers().lastHeader(Headers.LEDGER), "a row without its number");
        }
        assertEquals(Map.of(), ledger.says());
    }
}
