package io.millrace.capture.bundle;

import io.millrace.capture.row.TextRows;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What makes rows of the changes of tables, by a number that stands for one table as it was described once. One thread adds,
 * another one looks, later and in the same order.
 */
public final class Relations {

    private final Map<Integer, Described> byNumber = new ConcurrentHashMap<>();
    private int last;
    /** Of each relation the number that was looked for last. Of the thread that looks. */
    private final Map<Integer, Integer> current = new HashMap<>();

    /** @param relation Postgres's number of it: two may have the same name, one after the other */
    private record Described(int relation, TextRows rows) {}

    /**
     * The number of a table as it is described.
     *
     * @param relation Postgres's number of it
     */
    int add(int relation, TextRows rows) {
        byNumber.put(++last, new Described(relation, rows));
        return last;
    }

    /** What was described before of the same relation is not looked for any more, and forgotten. */
    TextRows of(int number) {
        var described = byNumber.get(number);
        var before = current.put(described.relation(), number);
        if (before != null && before != number) {
            byNumber.remove(before);
        }
        return described.rows();
    }
}
