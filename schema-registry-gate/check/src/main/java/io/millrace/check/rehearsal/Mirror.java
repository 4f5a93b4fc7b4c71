package io.millrace.check.rehearsal;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/** What a consumer of one table's changes has of it: rows by key. Not thread-safe. */
final class Mirror {

    private static final Pattern NUMBER = Pattern.compile("-?\\d{1,100}(\\.\\d{1,100})?");

    private final List<String> key;
    private final Map<List<String>, Map<String, String>> rows = new LinkedHashMap<>();

    /** @param key the names of the primary key's columns */
    Mirror(List<String> key, List<Map<String, String>> rows) {
        this.key = key;
        rows.forEach(row -> this.rows.put(key(row), row));
    }

    private List<String> key(Map<String, String> row) {
        return key.stream().map(row::get).toList();
    }

    void apply(Change change) {
        switch (change) {
            case Change.Row row -> rows.put(key(row.values()), row.values());
            case Change.Update update -> {
                var was = rows.remove(key(update.old() == null ? update.values() : update.old()));
                var now = new HashMap<>(was == null ? Map.of() : was);
                now.putAll(update.values());
                rows.put(key(now), now);
            }
            case Change.Delete delete -> rows.remove(key(delete.old()));
            case Change.Truncate _ -> rows.clear();
            case Change.Mark _ -> { }
        }
    }

    /**
     * The columns in which some row is other than the mirror has it.
     *
     * @param real the table's rows
     */
    Set<String> stale(List<Map<String, String>> real) {
        var stale = new HashSet<String>();
        for (var row : real) {
            var mirrored = rows.get(key(row));
            if (mirrored != null) {
                row.forEach((column, value) -> {
                    if (!isSame(value, mirrored.get(column))) {
                        stale.add(column);
                    }
                });
            }
        }
        return stale;
    }

    /** Numbers may be written with more or fewer zeros behind the point. */
    private static boolean isSame(String value, String mirrored) {
        if (value == null || mirrored == null || value.equals(mirrored)) {
            return Objects.equals(value, mirrored);
        }
        return NUMBER.matcher(value).matches() && NUMBER.matcher(mirrored).matches() && (value.contains(".") || mirrored.contains("."))
                && new BigDecimal(value).compareTo(new BigDecimal(mirrored)) == 0;
    }

    /** How many rows the table has that the mirror has not. */
    long missing(List<Map<String, String>> real) {
        return real.stream().filter(row -> !rows.containsKey(key(row))).count();
    }

    /** How many rows the mirror has that the table has not. */
    long surplus(List<Map<String, String>> real) {
        var keys = new HashSet<List<String>>();
        real.forEach(row -> keys.add(key(row)));
        return rows.keySet().stream().filter(k -> !keys.contains(k)).count();
    }
}
