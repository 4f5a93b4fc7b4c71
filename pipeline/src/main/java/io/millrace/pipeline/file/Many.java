package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;

/**
 * Any number of related rows: 1:N, or N:M through a link table. The document has an array, empty where there are none, or
 * one value made of them all.
 *
 * @param through the link table, null for 1:N
 * @param orderBy the order of the array; ties, and an empty list, are ordered by the related row's primary key (for a
 *        relation through a link: by the link's primary key)
 * @param distinct whether of elements that look the same in the document only the first stays
 * @param limit how many elements there are at most, the first ones in order; null for no limit
 * @param content what is made of the rows
 */
public record Many(
        @NotBlank String name,
        @NotEmpty List<@Valid Join> on,
        @Valid Through through,
        List<@Valid Order> orderBy,
        boolean distinct,
        @Min(1) @Max(100_000) Integer limit,
        @NotNull @Valid Content content,
        @NotNull @Valid Node node) implements Relation {

    /** What the document shows of the rows. */
    public sealed interface Content {}

    /** An array of objects, with the node's fields and relations. */
    public record Objects() implements Content {}

    /** An array of one value of each row; {@code flatten} in the file. */
    public record Values(@NotNull @Valid Expression of) implements Content {}

    /**
     * One value made of all rows.
     *
     * @param of of each row; null for EXISTS and for a COUNT of rows
     */
    public record Aggregate(@NotNull Function function, @Valid Expression of) implements Content {
        /** As SQL's; AVERAGE is avg. Null values do not count. */
        public enum Function { COUNT, EXISTS, SUM, MIN, MAX, AVERAGE }
    }
}
