package io.millrace.denormalizer.join;

import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.it.TableFormat;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.test.TestRecord;

/** Tables in memory, and the records of the changes that were made to them. Keys come from small pools, so that rows meet and leave each other. */
final class RandomRows {

    private final List<TableFormat> formats = List.copyOf(Schema.TABLES.values());
    /** The rows of each table by their keys. */
    final Map<String, Map<List<String>, Map<String, String>>> tables = new HashMap<>();
    /** By table, the records that nobody has taken yet. */
    final Map<String, List<TestRecord<byte[], byte[]>>> pending = new LinkedHashMap<>();
    private long change = 1_000;

    RandomRows() {
        Schema.TABLES.keySet().forEach(t -> tables.put(t, new LinkedHashMap<>()));
    }

    /** Of the last change. */
    long position() {
        return change;
    }

    org.apache.avro.Schema schema(int id) {
        var table = formats.get(id / 2);
        return id % 2 == 0 ? table.valueSchema() : table.keySchema();
    }

    static String topic(String table) {
        return Topics.rows("it", table.equals("outboxevent") ? Topics.OUTBOX : new TableName("public", table));
    }

    /** Puts a row in, changes it, or with {@code row} null takes it out. */
    void put(String name, List<String> key, Map<String, String> row) {
        var table = Schema.TABLES.get(name);
        int id = 2 * formats.indexOf(table);
        var before = row == null ? tables.get(name).remove(key) : tables.get(name).put(key, row);
        if (row == null && before == null) {
            return;
        }
        var whole = row == null ? before : row;
        var keyBytes = table.encode(table.keySchema(), id + 1, whole);
        record(name, keyBytes, row == null ? null : table.encode(table.valueSchema(), id, row), row == null ? Op.DELETE : before == null ? Op.CREATE : Op.UPDATE);
    }

    private void record(String table, byte[] key, byte[] value, Op op) {
        change++;
        var headers = new RecordHeaders();
        headers.add(Headers.POSITION, new Position(change, change).toBytes());
        headers.add(Headers.OP, op.code());
        pending.computeIfAbsent(table, t -> new ArrayList<>()).add(new TestRecord<>(key, value, headers, 0L));
    }

    void truncate(String table) {
        tables.get(table).clear();
        record(table, new byte[0], new byte[0], Op.TRUNCATE);
    }

    /** Changes a row of any table. */
    void change(Random random) {
        switch (random.nextInt(9)) {
            case 0 -> unique(random, "org", "code", n(random, 4), "c" + n(random, 5), Map.of("name", text(random)));
            case 1 -> unique(random, "person", "handle", n(random, 6), "h" + n(random, 7), Map.of("name", text(random)));
            case 2 -> row(random, "team", n(random, 6), with("org_id", or(random, n(random, 4)), "name", text(random), "lead_id", or(random, n(random, 6))));
            case 3, 4 -> row(random, "monitor", n(random, 12), with("team_id", or(random, n(random, 6)), "author_id", or(random, n(random, 6)), "editor", or(random, "h" + n(random, 7)),
                    "parent_id", or(random, n(random, 12)), "title", or(random, text(random)), "score", or(random, List.of("1.50", "-3", "0.070", "12").get(random.nextInt(4)))));
            case 5 -> row(random, "recipient", n(random, 20), with("monitor_id", or(random, n(random, 12)), "person_id", or(random, n(random, 6)), "kind", or(random, text(random)), "address", text(random)));
            case 6 -> row(random, "tag", n(random, 5), with("key", or(random, text(random)), "owner_id", or(random, n(random, 6))));
            case 7 -> {
                var link = List.of(n(random, 12), n(random, 5));
                put("monitor_tag", link, random.nextInt(4) == 0 ? null : with("monitor_id", link.get(0), "tag_id", link.get(1), "added", n(random, 9)));
            }
            default -> {
                var step = List.of("c" + n(random, 5), n(random, 3));
                put("step", step, random.nextInt(4) == 0 ? null : with("org_code", step.get(0), "no", step.get(1), "title", text(random)));
                row(random, "note", n(random, 8), with("org_code", or(random, "c" + n(random, 5)), "step_no", or(random, n(random, 3)), "body", text(random)));
            }
        }
    }

    private void unique(Random random, String table, String column, String id, String value, Map<String, String> rest) {
        boolean taken = tables.get(table).values().stream().anyMatch(r -> !r.get("id").equals(id) && value.equals(r.get(column)));
        var row = new HashMap<>(rest);
        row.put(column, taken ? null : value);
        row(random, table, id, row);
    }

    private void row(Random random, String table, String id, Map<String, String> values) {
        values.put("id", id);
        put(table, List.of(id), random.nextInt(5) == 0 ? null : values);
    }

    static Map<String, String> with(String... pairs) {
        var map = new HashMap<String, String>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return map;
    }

    private static String n(Random random, int most) {
        return Integer.toString(1 + random.nextInt(most));
    }

    private static String or(Random random, String value) {
        return random.nextInt(5) == 0 ? null : value;
    }

    private static String text(Random random) {
        return List.of("a", "B", "é", "\uD83D\uDE00", "x\"y\\z", "").get(random.nextInt(6)) + random.nextInt(3);
    }
}
