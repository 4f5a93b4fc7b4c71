package io.millrace.pipeline.file;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;

/**
 * A member of a document's object.
 *
 * @param name its name in the document
 * @param value where its value comes from
 */
public record Field(@NotBlank String name, @NotNull Expression value) {

    /** A value made from a row. */
    public sealed interface Expression {}

    /** The value of one column, by the column's name in the catalog. */
    public record Column(String name) implements Expression {}
}
