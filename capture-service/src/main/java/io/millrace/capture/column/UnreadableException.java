package io.millrace.capture.column;

/**
 * What Postgres printed for a value of a row is none of the column's type. The message names table and column, and never the value, which is private: so there
 * is no cause either, whose words may hold it.
 */
public final class UnreadableException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    UnreadableException(String message) {
        super(message);
    }
}
