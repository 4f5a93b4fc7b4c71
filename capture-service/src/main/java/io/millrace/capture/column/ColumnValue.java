package io.millrace.capture.column;

import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.schema.Encoding;
import java.util.List;

/** Turns what Postgres prints for a value of one column into the form that the value has in a row. */
public final class ColumnValue {

    private final Column column;

    public ColumnValue(Column column) {
        this.column = column;
    }

    public Column column() {
        return column;
    }

    /** Whether there are texts that are no value of this column; where every text is one, there is nothing to read in it. */
    public boolean refusesSome() {
        return column.array() || column.encoding() != Encoding.STRING;
    }

    /**
     * The value as it stands in the row, null for null.
     *
     * @param value Postgres's text, or a number, boolean or uuid whose text is the same
     * @throws IllegalArgumentException when the text is none that Postgres prints for this type
     */
    public Object of(Object value) {
        if (value == null) {
            return null;
        }
        var text = value.toString();
        if (column.array()) {
            return elements(text);
        }
        return switch (column.encoding()) {
            case INT -> (Object) Integer.valueOf(text);
            case LONG -> (Object) Long.valueOf(text);
            case FLOAT -> (Object) Float.valueOf(text);
            case DOUBLE -> (Object) Double.valueOf(text);
            case BOOLEAN -> (Object) text.startsWith("t");
            case BYTES -> PgText.bytea(text);
            case DATE -> (Object) PgText.date(text);
            case TIMESTAMP, TIMESTAMPTZ -> (Object) PgText.timestamp(text);
            case TIME -> (Object) PgText.time(text);
            case STRING -> column.pgType().equals("money") ? money(text) : text;
        };
    }

    /**
     * The same, of a table that is named where it goes wrong.
     *
     * @throws UnreadableException when the text is none that Postgres prints for this type
     */
    public Object of(Object value, Object table) {
        try {
            return of(value);
        } catch (RuntimeException e) {
            throw new UnreadableException("A row of the table " + table + " cannot be written: the value of its column '" + column.name() + "' is no " + column.catalogType() + " as Postgres prints it (" + e.getClass().getSimpleName() + ")");
        }
    }

    private List<String> elements(String text) {
        var elements = ArrayText.elements(text, column.pgType().equals("box") ? ';' : ',');
        if (column.pgType().equals("money")) {
            elements.replaceAll(ColumnValue::money);
        }
        return elements;
    }

    private static String money(String text) {
        if (text == null) {
            return null;
        }
        boolean negative = text.startsWith("-") || text.startsWith("(");
        var digits = text.replaceAll("[^0-9.]", "");
        return negative ? "-" + digits : digits;
    }
}
