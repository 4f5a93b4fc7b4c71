package io.millrace.capture.row;

import io.millrace.capture.column.PgText;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.schema.Encoding;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;

/** Writes the rows of one Connect schema as Avro, without an object per field. Not thread-safe, as its buffer is not. */
final class RowEncoder {

    private final int schemaId;
    private final List<Column> columns;
    private final Field[] fields;
    private final Encoding[] encodings;
    private final boolean[] nullable;
    private final boolean[] array;

    /**
     * @param row the schema of the rows
     * @param columns what {@link ConnectColumns} made of it
     * @param schemaId what stands in the wire format's prefix
     */
    RowEncoder(Schema row, List<Column> columns, int schemaId) {
        this.schemaId = schemaId;
        this.columns = columns;
        this.fields = row.fields().toArray(Field[]::new);
        this.encodings = columns.stream().map(Column::encoding).toArray(Encoding[]::new);
        this.nullable = new boolean[fields.length];
        this.array = new boolean[fields.length];
        for (int i = 0; i < fields.length; i++) {
            nullable[i] = columns.get(i).nullable();
            array[i] = columns.get(i).array();
        }
    }

    /** The columns that are null in this row though they take no null. */
    Set<String> unexpectedNulls(Struct row) {
        Set<String> nulls = Set.of();
        for (int i = 0; i < fields.length; i++) {
            if (!nullable[i] && row.getWithoutDefault(fields[i].name()) == null) {
                nulls = nulls.isEmpty() ? new HashSet<>() : nulls;
                nulls.add(fields[i].name());
            }
        }
        return nulls;
    }

    /**
     * The row in wire format; null when it has {@link #unexpectedNulls}.
     *
     * @throws IllegalArgumentException naming the column whose value does not fit its type
     */
    byte[] encode(Struct row, AvroBuffer buffer) {
        buffer.begin(schemaId);
        for (int i = 0; i < fields.length; i++) {
            // Struct.get would put the column's default in the place of a null.
            var value = row.getWithoutDefault(fields[i].name());
            if (value == null && !nullable[i]) {
                return null;
            }
            try {
                field(value, i, buffer);
            } catch (RuntimeException e) {
                // The cause's own words may hold the value, which is private.
                throw new IllegalArgumentException("the value of the column '" + columns.get(i).name() + "' cannot be written as "
                        + columns.get(i).catalogType() + " (" + e.getClass().getSimpleName() + ")", e);
            }
        }
        return buffer.finish();
    }

    private void field(Object value, int i, AvroBuffer buffer) {
        if (nullable[i]) {
            if (value == null) {
                buffer.number(0);
                return;
            }
            buffer.number(1);
        }
        if (array[i]) {
            elements((Collection<?>) value, encodings[i], buffer);
        } else {
            scalar(value, encodings[i], buffer);
        }
    }

    private static void elements(Collection<?> elements, Encoding encoding, AvroBuffer buffer) {
        if (!elements.isEmpty()) {
            buffer.number(elements.size());
            for (var element : elements) {
                if (element == null) {
                    buffer.number(0);
                } else {
                    buffer.number(1);
                    element(element, encoding, buffer);
                }
            }
        }
        buffer.number(0);
    }

    private static void element(Object element, Encoding encoding, AvroBuffer buffer) {
        if (!(element instanceof String text)) {
            scalar(element, encoding, buffer);
            return;
        }
        switch (encoding) {
            case INT -> buffer.number(Integer.parseInt(text));
            case LONG -> buffer.number(Long.parseLong(text));
            case FLOAT -> buffer.real(Float.parseFloat(text));
            case DOUBLE -> buffer.real(Double.parseDouble(text));
            case BOOLEAN -> buffer.bool(text.startsWith("t"));
            case STRING -> buffer.text(text);
            case BYTES -> buffer.data(PgText.bytea(text));
            case DATE -> buffer.number(PgText.date(text));
            case TIMESTAMP, TIMESTAMPTZ -> buffer.number(PgText.timestamp(text));
            case TIME -> buffer.number(PgText.time(text));
        }
    }

    private static void scalar(Object value, Encoding encoding, AvroBuffer buffer) {
        switch (encoding) {
            case INT -> buffer.number(((Number) value).intValue());
            case LONG -> buffer.number(((Number) value).longValue());
            case FLOAT -> buffer.real(((Number) value).floatValue());
            case DOUBLE -> buffer.real(((Number) value).doubleValue());
            case BOOLEAN -> buffer.bool((Boolean) value);
            case STRING -> buffer.text(value instanceof BigDecimal d ? d.toPlainString() : value.toString());
            case BYTES -> buffer.data(value instanceof ByteBuffer b ? bytes(b) : (byte[]) value);
            case DATE -> buffer.number(value instanceof Date d ? Math.floorDiv(d.getTime(), 86_400_000L) : ((Number) value).intValue());
            case TIMESTAMP, TIMESTAMPTZ, TIME -> buffer.number(value instanceof Date d ? d.getTime() * 1000 : ((Number) value).longValue());
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
