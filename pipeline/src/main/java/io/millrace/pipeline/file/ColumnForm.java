package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import java.util.stream.Stream;

/** What becomes of one column before its row leaves capture. What the file makes of it is a text. */
public sealed interface ColumnForm {

    /** The columns of the table that it is made of, beside the one that it is the form of. */
    default Stream<String> columns() {
        return Stream.empty();
    }

    /** The rows go without it. {@code leave-out} in the file. */
    record LeftOut() implements ColumnForm {}

    /** HMAC-SHA-256 of its text, in hex: equal values stay equal, so rows can still be joined by it. */
    record Hashed(@NotNull Reference key) implements ColumnForm {}

    /** The text of a value, under the name of a column that is there or of a new one. */
    record Made(@NotNull @Valid Expression value) implements ColumnForm {
        @Override
        public Stream<String> columns() {
            return value.columns();
        }
    }
}
