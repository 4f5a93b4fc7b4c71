package io.millrace.denormalizer.join.route;

import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.AvroRows;
import io.millrace.values.row.CellJson;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** Reads keys and rows of one table, whatever schema each was written with. Not thread-safe. */
final class TableReader {

    private final TablePlan table;
    private final SchemaSource schemas;
    private final Map<Integer, KeyShape> keys = new HashMap<>();
    private final Map<Integer, AvroRows> rows = new HashMap<>();
    private final ByteWriter scratch = new ByteWriter(128);

    TableReader(TablePlan table, SchemaSource schemas) {
        this.table = table;
        this.schemas = schemas;
    }

    /**
     * What follows from the columns of a primary key.
     *
     * @param key reads the key's columns, all of them, in the order of the key
     * @param partial reads what the key holds of the pipeline's columns
     * @param isRouted whether the key holds every column that decides where a row belongs, so that nothing needs to be
     *        remembered of the row
     */
    private record KeyShape(AvroRows key, int[] all, AvroRows partial, boolean isRouted) {}

    /** @param row the whole key */
    record Key(byte[] rowId, Row row, Row partial, boolean isRouted) {

        String documentId() {
            List<String> texts = new ArrayList<>(row.columns());
            for (int i = 0; i < row.columns(); i++) {
                texts.add(CellJson.text(row, i));
            }
            return DocumentId.of(texts);
        }
    }

    /** @throws IllegalArgumentException when the record is not in the wire format or does not fit its schema */
    Key key(byte[] record) {
        requireWireFormat(record, "key");
        var shape = keys.computeIfAbsent(WireFormat.schemaId(record), this::keyShape);
        var row = shape.key.read(record);
        var rowId = KeyEncoding.key(row, shape.all, scratch);
        if (rowId == null) {
            throw new IllegalArgumentException("A column of the primary key is null");
        }
        return new Key(rowId, row, shape.partial.read(record), shape.isRouted);
    }

    /** @throws IllegalArgumentException when the record is not in the wire format or does not fit its schema */
    Row row(byte[] record) {
        requireWireFormat(record, "value");
        return rows.computeIfAbsent(WireFormat.schemaId(record), id -> AvroRows.of(schemas.byId(id), table.columns())).read(record);
    }

    private static void requireWireFormat(byte[] record, String part) {
        if (!WireFormat.is(record)) {
            throw new IllegalArgumentException("The " + part + " is not in the Confluent wire format");
        }
    }

    private KeyShape keyShape(int id) {
        var schema = schemas.byId(id);
        var names = schema.getFields().stream().map(ColumnType::columnName).toList();
        return new KeyShape(
                AvroRows.of(schema, names),
                IntStream.range(0, names.size()).toArray(),
                AvroRows.of(schema, table.columns()),
                isRouted(new HashSet<>(names)));
    }

    private boolean isRouted(Set<String> key) {
        if (table.isSubscribed() && !table.indexes().stream().allMatch(i -> holds(key, i.columns()))) {
            return false;
        }
        for (var node : table.nodes()) {
            boolean leads = node.children().stream().anyMatch(c -> !c.isDirect());
            if (leads || !node.isRoot() && !(node.isDirect() && holds(key, node.there()))) {
                return false;
            }
        }
        return true;
    }

    private boolean holds(Set<String> key, int[] columns) {
        return IntStream.of(columns).allMatch(c -> key.contains(table.columns().get(c)));
    }
}
