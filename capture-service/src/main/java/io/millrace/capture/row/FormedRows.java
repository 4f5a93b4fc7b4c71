package io.millrace.capture.row;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.form.CapturedColumns;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.schema.RowSchemas;
import io.millrace.values.row.AvroRows;
import io.millrace.values.row.Filter;
import io.millrace.values.row.Formula;
import io.millrace.values.row.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;

/**
 * Gives rows of one Connect schema the form that the pipeline file asks for. What it computes is computed as the join computes the
 * fields of documents, from the same cells. Not thread-safe.
 */
final class FormedRows {

    private final TableName table;
    private final Form form;
    private final Schema schema;
    /** The fields of the formed rows that are made, and how. */
    private final Map<String, Formula> made = new HashMap<>();
    private final List<Field> kept = new ArrayList<>();
    private final RowEncoder inputs;
    private final AvroRows reader;
    private final Filter filter;
    /** A value that is only looked at may be larger than a record. */
    private final AvroBuffer buffer = new AvroBuffer(Integer.MAX_VALUE - WireFormat.PREFIX - 8);

    /**
     * @param row of the rows as the table has them
     * @param key of their keys
     * @throws IllegalArgumentException when the rows cannot have this form
     */
    FormedRows(TableName table, Form form, Schema row, Schema key) {
        this.table = table;
        this.form = form;
        var columns = ConnectColumns.of(row);
        refuse(columns.stream().map(Column::name).collect(Collectors.toSet()), key.fields().stream().map(Field::name).collect(Collectors.toSet()));
        var taken = columns.stream().filter(c -> form.inputs().contains(c.name())).map(c -> new Column(c.name(), c.pgType(), c.array(), c.length(), c.scale(), true)).toList();
        var names = taken.stream().map(Column::name).toList();
        inputs = new RowEncoder(ConnectColumns.struct(taken), taken, 0);
        reader = AvroRows.of(RowSchemas.value("form", table, taken), names);
        filter = Filter.of(form.asked().rows(), names::indexOf);
        schema = ConnectColumns.struct(CapturedColumns.of(form.asked(), columns));
        schema.fields().forEach(field -> {
            switch (form.asked().columns().get(field.name())) {
                case null -> kept.add(field);
                case ColumnForm.Made(var value) -> made.put(field.name(), Formula.of(value, names::indexOf));
                default -> made.put(field.name(), Formula.of(new Expression.Column(field.name()), names::indexOf));
            }
        });
    }

    /** A column that has another name now must not go as it is because the file has the old one. */
    private void refuse(Set<String> columns, Set<String> key) {
        var absent = new TreeSet<>(form.asked().needed());
        absent.removeAll(columns);
        if (!absent.isEmpty()) {
            throw new IllegalArgumentException("A row of the table " + table + " cannot be written: the pipeline file names its columns " + absent + " under 'columns' or 'rows', and the change has none of that name");
        }
        var changed = new TreeSet<>(form.asked().columns().keySet());
        changed.retainAll(key);
        if (!changed.isEmpty()) {
            throw new IllegalArgumentException("A row of the table " + table + " cannot be written: the pipeline file asks for another form of " + changed + ", which are its primary key");
        }
    }

    /**
     * The row in its form, null for one that does not go.
     *
     * @throws IllegalArgumentException when a value of it cannot be made
     */
    Struct of(Struct row) {
        Struct formed;
        try {
            var cells = reader.read(inputs.encode(row, buffer));
            if (filter != null && !filter.accepts(cells)) {
                return null;
            }
            formed = formed(row, cells);
        } catch (RuntimeException e) {
            // The cause's own words may hold the value, which is private.
            throw new IllegalArgumentException("A row of the table " + table + " cannot be written: it cannot be given the form that the pipeline file asks for (" + e.getClass().getSimpleName() + ")", e);
        }
        return formed;
    }

    private Struct formed(Struct row, Row cells) {
        var formed = new Struct(schema);
        kept.forEach(field -> formed.put(field, row.getWithoutDefault(field.name())));
        made.forEach((name, formula) -> {
            var text = formula.textOf(cells);
            var hash = form.hashes().get(name);
            formed.put(name, text == null || hash == null ? text : hash.of(text));
        });
        return formed;
    }
}
