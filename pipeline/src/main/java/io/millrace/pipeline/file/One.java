package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;

/**
 * At most one related row: N:1 or 1:1. {@code there} columns are a primary key or unique. The document has an object, or
 * null where there is no such row.
 *
 * @param value what the document has in the place of the object: a value of that row; null for the object
 * @param own whether the row is the document's alone, since the columns are the primary keys of both, so that it is stored with the document and not looked up: the {@link Enrichment}
 */
public record One(@NotBlank String name, @NotEmpty List<@Valid Join> on, @NotNull @Valid Node node, @Valid Expression value, boolean own) implements Relation {

    /** Without a value as versions wrote it that knew none: what they made of it still counts. */
    @Override
    public String toString() {
        return "One[name=" + name + ", on=" + on + ", node=" + node + (value == null ? "" : ", value=" + value) + (own ? ", own" : "") + "]";
    }
}
