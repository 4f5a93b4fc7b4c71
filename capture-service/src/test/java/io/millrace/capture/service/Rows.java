package io.millrace.capture.service;

import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;

/** What a reader of the records of a table with {@code id} and {@code name} makes of them, by their positions alone. */
final class Rows {

    private Rows() {}

    /** What {@link #of} is to come to. */
    static List<String> expected(Stack stack, String source, String table) throws SQLException {
        return stack.query(source, "SELECT id || ' ' || name FROM " + table + " ORDER BY id");
    }

    /** {@code id name} of each row, as a reader has them that takes the newest position of each key, and a truncate for every older row. */
    static List<String> of(List<Records.Row> records) {
        var newest = new HashMap<Integer, Position>();
        var rows = new TreeMap<Integer, String>();
        for (var record : records) {
            if (record.unwritable() != null) {
                continue;
            }
            if (record.op() == Op.TRUNCATE) {
                newest.replaceAll((id, at) -> {
                    if (!record.position().isBefore(at)) {
                        rows.remove(id);
                        return record.position();
                    }
                    return at;
                });
                continue;
            }
            var id = (Integer) record.key().get("id");
            if (!record.position().isBefore(newest.getOrDefault(id, Position.NONE))) {
                newest.put(id, record.position());
                if (record.value() == null) {
                    rows.remove(id);
                } else {
                    rows.put(id, record.value().hasField("name") ? record.text("name") : "of a column list without its name");
                }
            }
        }
        return rows.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList();
    }
}
