package io.millrace.capture.bundle;

import io.millrace.capture.row.TextRows;
import io.millrace.pipeline.file.TableName;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What makes rows of the changes of tables, by a number that stands for one table as it was described once. One thread adds,
 * another one looks, later and in the same order.
 */
public final class Relations {

    private final Map<Integer, TextRows> byNumber = new ConcurrentHashMap<>();
    private int last;
    /** Of each table the number that was looked for last. Of the thread that looks. */
    private final Map<TableName, Integer> current = new HashMap<>();

    int add(TextRows rows) {
        byNumber.put(++last, rows);
        return last;
    }

    /** What was described before of the same table is not looked for any more, and forgotten. */
    TextRows of(int number) {
        var rows = byNumber.get(number);
        var before = current.put(rows.table(), number);
        if (before != null && before != number) {
            byNumber.remove(before);
        }
        return rows;
    }
}
