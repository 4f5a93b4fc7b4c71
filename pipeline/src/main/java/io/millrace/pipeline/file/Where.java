package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which rows of a table count; the others are as if they were not there.
 *
 * @param any alternatives; a row counts when every condition of one of them is true. As in SQL, a comparison with null is
 *        not true
 */
public record Where(@NotEmpty List<@NotEmpty List<@Valid Condition>> any) {

    /**
     * @param column compared
     * @param comparison how
     * @param values what with, as written in the file: none for the tests for null, any number for IN and NOT_IN, else one
     */
    public record Condition(@NotBlank String column, @NotNull Comparison comparison, List<String> values) {}

    /** Text is compared by code point (collation {@code "C"}). */
    public enum Comparison { IS_NULL, IS_NOT_NULL, IN, NOT_IN, AT_LEAST, AT_MOST, ABOVE, BELOW }

    /** The columns that decide. */
    public Stream<String> columns() {
        return any.stream().flatMap(List::stream).map(Condition::column);
    }
}
