package io.millrace.values.row;

import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.json.JsonCanon;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.avro.Schema;

/**
 * Reads the wanted columns out of rows that were written with one schema, straight from the Avro binary into
 * {@link Row} cells. Immutable; several threads may use it.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">Avro binary encoding</a>
 */
public final class AvroRows {

    private static final int UNWANTED = -1;

    private final List<Column> fields;
    private final int columns;

    private AvroRows(List<Column> fields, int columns) {
        this.fields = fields;
        this.columns = columns;
    }

    /**
     * One field of the writer's schema.
     *
     * @param slot its place in the row, {@link #UNWANTED} where nobody asks for it
     * @param nullBranch the union branch that is null, -1 where the field is no union
     * @param item for an array, how its elements are read
     */
    private record Column(int slot, int nullBranch, Schema.Type encoding, int cell, Column item) {}

    /**
     * @param wanted the columns' names in the catalog; one that the schema does not have reads as null
     * @throws IllegalArgumentException when a field has a type that capture does not write
     */
    public static AvroRows of(Schema schema, List<String> wanted) {
        var fields = new ArrayList<Column>();
        for (var field : schema.getFields()) {
            var pgType = field.getProp(ColumnType.PG_TYPE);
            fields.add(column(wanted.indexOf(ColumnType.columnName(field)), field.schema(), ColumnType.of(field), pgType == null ? "" : pgType.toLowerCase(Locale.ROOT)));
        }
        return new AvroRows(List.copyOf(fields), wanted.size());
    }

    private static Column column(int slot, Schema schema, ColumnType type, String pgType) {
        int nullBranch = -1;
        var value = schema;
        if (schema.getType() == Schema.Type.UNION) {
            if (schema.getTypes().size() != 2 || !schema.isNullable()) {
                throw new IllegalArgumentException("The union " + schema + " is not one of null and one type");
            }
            nullBranch = schema.getTypes().getFirst().getType() == Schema.Type.NULL ? 0 : 1;
            value = schema.getTypes().get(1 - nullBranch);
        }
        if (value.getType() == Schema.Type.ARRAY) {
            return new Column(slot, nullBranch, Schema.Type.ARRAY, Cell.ARRAY, column(0, value.getElementType(), type.element(), pgType.startsWith("_") ? pgType.substring(1) : pgType));
        }
        return new Column(slot, nullBranch, value.getType(), cell(type.kind(), pgType), null);
    }

    private static int cell(ColumnType.Kind kind, String pgType) {
        return switch (kind) {
            case INTEGER, BIGINT -> Cell.INTEGER;
            case FLOAT -> Cell.FLOAT;
            case DOUBLE -> Cell.DOUBLE;
            case NUMERIC -> Cell.NUMERIC;
            case BOOLEAN -> Cell.TRUE;
            case TEXT, KEYWORD -> switch (pgType) {
                case "bpchar", "char" -> Cell.PADDED;
                case "citext" -> Cell.CASELESS;
                default -> Cell.TEXT;
            };
            case DATE -> Cell.DATE;
            case TIMESTAMP -> Cell.TIMESTAMP;
            case TIME -> Cell.TIME;
            case JSON -> Cell.JSON;
            case BYTES -> Cell.BYTES;
            case ARRAY -> Cell.ARRAY;
            case GEO_POINT -> throw new IllegalArgumentException("no column holds a point of a document");
        };
    }

    /**
     * @param record a record in wire format
     * @throws IndexOutOfBoundsException when the record ends too early
     * @throws IllegalArgumentException when the bytes do not fit the schema
     */
    public Row read(byte[] record) {
        var in = new ByteReader().reset(record, WireFormat.PREFIX, record.length);
        var out = new ByteWriter(record.length + columns);
        var starts = new int[columns];
        var ends = new int[columns];
        for (var field : fields) {
            int from = out.size();
            value(field, in, out);
            if (field.slot == UNWANTED) {
                out.truncate(from);
            } else {
                starts[field.slot] = from;
                ends[field.slot] = out.size();
            }
        }
        if (in.hasMore()) {
            throw new IllegalArgumentException("The record goes on after its last field");
        }
        var row = new ByteWriter(out.size() + columns);
        for (int i = 0; i < columns; i++) {
            if (ends[i] == 0) {
                row.put(Cell.NULL);
            } else {
                row.put(out.array(), starts[i], ends[i] - starts[i]);
            }
        }
        return new Row(row.toBytes(), columns);
    }

    private static void value(Column field, ByteReader in, ByteWriter out) {
        if (field.nullBranch >= 0) {
            long branch = in.getZigzag();
            if (branch == field.nullBranch) {
                out.put(Cell.NULL);
                return;
            }
            if (branch != 1 - field.nullBranch) {
                throw new IllegalArgumentException("A union has no branch " + branch);
            }
        }
        switch (field.encoding) {
            case BOOLEAN -> out.put(in.get() == 0 ? Cell.FALSE : Cell.TRUE);
            case INT, LONG -> out.put(field.cell).putVarint(temporal(field, in.getVarint()));
            case FLOAT -> out.put(Cell.FLOAT).putInt(Integer.reverseBytes(in.getInt()));
            case DOUBLE -> out.put(Cell.DOUBLE).putLong(Long.reverseBytes(in.getLong()));
            case STRING, BYTES -> block(field, in, out);
            case ARRAY -> array(field, in, out);
            default -> throw new IllegalArgumentException("A row field cannot be of the Avro type " + field.encoding);
        }
    }

    /** Dates come as 32-bit numbers whose extremes mean infinity; stored as 64 bits, so that all infinities look alike. */
    private static long temporal(Column field, long zigzag) {
        if (field.cell == Cell.DATE) {
            long days = zigzag >>> 1 ^ -(zigzag & 1);
            if (days == Integer.MAX_VALUE) {
                return -2L;
            }
            if (days == Integer.MIN_VALUE) {
                return -1L;
            }
        }
        return zigzag;
    }

    private static void block(Column field, ByteReader in, ByteWriter out) {
        long announced = in.getZigzag();
        int from = in.at();
        if (announced < 0 || announced > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("A text has the length " + announced);
        }
        int length = (int) announced;
        in.skip(length);
        if (field.cell == Cell.JSON) {
            json(new String(in.array(), from, length, StandardCharsets.UTF_8), out);
        } else {
            out.put(field.cell).putVarint(length).put(in.array(), from, length);
        }
    }

    private static void json(String text, ByteWriter out) {
        byte[] canonical;
        try {
            canonical = JsonCanon.canonical(text);
        } catch (IllegalArgumentException e) {
            out.put(Cell.BROKEN_JSON).putBlock(text.getBytes(StandardCharsets.UTF_8));
            return;
        }
        out.put(Cell.JSON).putBlock(canonical);
    }

    private static void array(Column field, ByteReader in, ByteWriter out) {
        var items = new ByteWriter(64);
        for (long count = in.getZigzag(); count != 0; count = in.getZigzag()) {
            if (count < 0) {
                count = -count;
                in.getZigzag();
            }
            for (long i = 0; i < count; i++) {
                value(field.item, in, items);
            }
        }
        out.put(Cell.ARRAY).putVarint(items.size()).put(items.array(), 0, items.size());
    }
}
