package io.millrace.values.row;

import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.values.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import org.apache.avro.Schema;

/** The root table's primary key: its columns, and the way back from a document id to the key. Immutable. */
public final class RootKeys {

    private final List<String> columns;
    private final List<Column> types;

    private record Column(ColumnType.Kind kind, String pgType) {}

    /** @param schema of the root table's record key */
    public RootKeys(Schema schema) {
        columns = schema.getFields().stream().map(ColumnType::columnName).toList();
        types = schema.getFields().stream().map(f -> new Column(ColumnType.of(f).kind(), f.getProp(ColumnType.PG_TYPE) == null ? "" : f.getProp(ColumnType.PG_TYPE).toLowerCase(Locale.ROOT))).toList();
    }

    /** In the order of the key. */
    public List<String> columns() {
        return columns;
    }

    /**
     * The root key behind a document id.
     *
     * @throws IllegalArgumentException when no row can have this id, or when the id is a hash, which has no way back
     */
    public byte[] of(String documentId) {
        var parts = DocumentId.key(documentId, columns);
        var cells = new ByteWriter(64);
        for (int i = 0; i < parts.size(); i++) {
            try {
                cell(types.get(i), parts.get(i), cells);
            } catch (DateTimeException | NumberFormatException e) {
                throw new IllegalArgumentException("'" + parts.get(i) + "' in the document id '" + documentId + "' is no value of the root's key column " + columns.get(i), e);
            }
        }
        var order = new int[parts.size()];
        java.util.Arrays.setAll(order, i -> i);
        return KeyEncoding.key(new Row(cells.toBytes(), parts.size()), order, new ByteWriter(64));
    }

    private static void cell(Column column, String text, ByteWriter out) {
        var utf8 = text.getBytes(StandardCharsets.UTF_8);
        switch (column.kind) {
            case INTEGER, BIGINT -> out.put(Cell.INTEGER).putZigzag(Long.parseLong(text));
            case BOOLEAN -> out.put(Boolean.parseBoolean(text) ? Cell.TRUE : Cell.FALSE);
            case NUMERIC -> out.put(Cell.NUMERIC).putBlock(utf8);
            case FLOAT -> out.put(Cell.FLOAT).putInt(Float.floatToIntBits(Float.parseFloat(text)));
            case DOUBLE -> out.put(Cell.DOUBLE).putLong(Double.doubleToLongBits(Double.parseDouble(text)));
            case DATE -> out.put(Cell.DATE).putZigzag(LocalDate.parse(text).toEpochDay());
            case TIMESTAMP -> {
                var at = OffsetDateTime.parse(text);
                out.put(Cell.TIMESTAMP).putZigzag(at.toEpochSecond() * 1_000_000 + at.getNano() / 1_000);
            }
            default -> out.put(switch (column.pgType) {
                case "bpchar", "char" -> Cell.PADDED;
                case "citext" -> Cell.CASELESS;
                default -> Cell.TEXT;
            }).putBlock(utf8);
        }
    }
}
