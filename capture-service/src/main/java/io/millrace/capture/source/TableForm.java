package io.millrace.capture.source;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.millrace.pipeline.wording.Counted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What tells whether a table's rows were changed without a change in the log. {@code ALTER TABLE} rewrites rows, or gives them a
 * value, and logical decoding sees nothing of it: a rewrite makes a new file, and touches the column's entry in the catalog.
 *
 * @param files the file of each table that holds rows of it, by that table's oid
 * @param columns those that are not dropped, by rising numbers
 * @param labels of the enums that it uses, by their oids
 * @param composites the numbers of the attributes of the composite types that it uses, as text, by the types' names
 * @param key the numbers of the columns of its primary key, as text; null where it has none
 * @param dropped names of columns that were dropped since the table was read: rows from before have values under them
 * @param captured stands for the form in which the pipeline file lets them go, see {@link Wanted#form}
 * @param links for each partition, by its oid, the transactions that linked it and what it is a partition of to the table; empty where it has none, or a version remembered it that did not look
 * @param vacant partitions of which the file has no block, each with what stands for the statistics of its rows, see {@link VacantPartitions#counted}
 */
public record TableForm(Map<Long, Long> files, List<Column> columns, Map<Long, String> labels, Map<String, String> composites, String key, @JsonInclude(JsonInclude.Include.NON_EMPTY) Set<String> dropped,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) String captured, @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<Long, String> links, @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<Long, Long> vacant) {

    private static final long TEXT = 25;
    private static final long VARCHAR = 1043;

    public TableForm {
        files = files == null ? Map.of() : files;
        dropped = dropped == null ? Set.of() : Set.copyOf(dropped);
        captured = captured == null ? "" : captured;
        links = links == null ? Map.of() : links;
        vacant = vacant == null ? Map.of() : vacant;
    }

    /**
     * @param number given in order and never again
     * @param type oid of its type, of a domain's base type
     * @param generated whether Postgres computes it; it is not replicated then
     * @param defaulted whether rows that are older than the column have a value nevertheless
     * @param touched the transaction that wrote its entry in the catalog
     */
    public record Column(int number, String name, long type, boolean generated, boolean defaulted, long touched) {}

    /**
     * What the rows that were there before now have that no change said.
     *
     * @param before the form in which they are known
     * @return as the end of a sentence; null where it is nothing
     */
    public String since(TableForm before) {
        boolean rewritten = !rewritten(before).isEmpty();
        var known = before.columns.stream().collect(Collectors.toMap(Column::number, Function.identity()));
        var causes = new ArrayList<String>();
        var namesBefore = following(before).dropped;
        for (var column : columns) {
            var cause = cause(known.get(column.number), column, rewritten, namesBefore);
            if (cause != null) {
                causes.add(cause);
            }
        }
        before.labels.forEach((oid, label) -> {
            if (!labels.getOrDefault(oid, label).equals(label)) {
                causes.add("the label " + label + " of an enum was renamed to " + labels.get(oid));
            }
        });
        before.composites.forEach((type, attributes) -> {
            if (!composites.getOrDefault(type, attributes).equals(attributes)) {
                causes.add("the type " + type + " was given other attributes");
            }
        });
        if (before.key != null && key != null && !before.key.equals(key)) {
            causes.add("its primary key was changed");
        }
        if (!before.captured.equals(captured)) {
            causes.add("the pipeline file gives its rows another form");
        }
        return causes.isEmpty() ? null : String.join("; ", causes.subList(0, Math.min(3, causes.size()))) + (causes.size() > 3 ? "; and " + Counted.of(causes.size() - 3, "change") + " more" : "");
    }

    private static String cause(Column before, Column now, boolean rewritten, Set<String> dropped) {
        if (now.generated) {
            return null;
        }
        if (before == null) {
            return now.defaulted || rewritten ? "its column " + now.name + " was added with a value for them"
                    : dropped.contains(now.name) ? "its column " + now.name + " is another one than the dropped one of that name" : null;
        }
        if (before.generated) {
            return "its column " + now.name + " was computed by Postgres before, and not replicated";
        }
        if (!before.name.equals(now.name)) {
            return "its column " + before.name + " was renamed to " + now.name;
        }
        if (before.type != now.type && !(isText(before) && isText(now))) {
            return "its column " + now.name + " was given another type";
        }
        return rewritten && before.touched != now.touched ? "the values of its column " + now.name + " were converted" : null;
    }

    /** The same, knowing of columns that it had before. */
    TableForm following(TableForm before) {
        var numbers = columns.stream().map(Column::number).collect(Collectors.toSet());
        var gone = new TreeSet<>(before.dropped);
        before.columns.stream().filter(column -> !column.generated && !numbers.contains(column.number)).forEach(column -> gone.add(column.name));
        return new TableForm(files, columns, labels, composites, key, gone, captured, links, vacant);
    }

    /** The same, with these of its partitions known to be vacant. */
    TableForm withVacant(Map<Long, Long> partitions) {
        return new TableForm(files, columns, labels, composites, key, dropped, captured, links, partitions);
    }

    /** The same of rows that go in a form of the pipeline file's. */
    TableForm captured(String form) {
        return new TableForm(files, columns, labels, composites, key, dropped, form, links, vacant);
    }

    /** The same of a table of which every row was read in this form. */
    public TableForm read() {
        return new TableForm(files, columns, labels, composites, key, Set.of(), captured, links, vacant);
    }

    private static boolean isText(Column column) {
        return column.type == TEXT || column.type == VARCHAR;
    }

    /** Whether a partition of both was away in between: nobody is told of what was changed in it then. */
    public boolean relinked(TableForm before) {
        return before.links.entrySet().stream().anyMatch(link -> !links.getOrDefault(link.getKey(), link.getValue()).equals(link.getValue()));
    }

    /** Those tables of both that hold their rows in another file now. */
    List<Long> rewritten(TableForm before) {
        return before.files.entrySet().stream().filter(file -> !files.getOrDefault(file.getKey(), file.getValue()).equals(file.getValue())).map(Map.Entry::getKey).toList();
    }
}
