package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * In which form the rows of a table leave capture. It is the table's, for all pipelines of the source.
 *
 * @param columns what becomes of single columns, by name; the others go as they are
 * @param rows which rows go at all; null for all of them
 */
public record RowForm(SortedMap<String, @Valid ColumnForm> columns, @Valid Where rows) {

    /** Rows as the table has them. */
    public static final RowForm AS_IT_IS = new RowForm(Collections.emptySortedMap(), null);

    public RowForm {
        columns = Collections.unmodifiableSortedMap(new TreeMap<>(columns));
    }

    public boolean isAsItIs() {
        return equals(AS_IT_IS);
    }

    /** The columns of the table that have to be there for it. */
    public SortedSet<String> needed() {
        var needed = new TreeSet<String>();
        columns.forEach((name, form) -> {
            form.columns().forEach(needed::add);
            if (!(form instanceof ColumnForm.Made)) {
                needed.add(name);
            }
        });
        if (rows != null) {
            rows.columns().forEach(needed::add);
        }
        return needed;
    }

    /** Where another form says something else, as the keys of the file. */
    List<String> differences(RowForm other) {
        var names = new TreeSet<>(columns.keySet());
        names.addAll(other.columns.keySet());
        var columnKeys = names.stream().filter(name -> !Objects.equals(columns.get(name), other.columns.get(name))).map(name -> "columns." + name);
        return Stream.concat(columnKeys, Objects.equals(rows, other.rows) ? Stream.empty() : Stream.of("rows")).toList();
    }
}
