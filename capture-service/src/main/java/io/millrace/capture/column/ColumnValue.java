package io.millrace.capture.column;

import io.millrace.pipeline.schema.Column;
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
     * @throws IllegalArgumentException without the value and without a cause, whose words may hold it: it is private, and the deepest cause is what health says
     */
    public Object of(Object value, Object table) {
        try {
            return of(value);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("A value of the column '" + column.name() + "' of the table " + table + " is no " + column.catalogType() + " (" + e.getClass().getSimpleName() + ")");
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
