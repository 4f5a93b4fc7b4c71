package io.millrace.denormalizer.plan;

import io.millrace.pipeline.file.Many;
import io.millrace.values.row.Filter;
import io.millrace.values.row.Formula;
import java.util.List;

/**
 * How rows become an array, or one value.
 *
 * @param filter which rows count, those of the link table where there is one; null for all
 * @param target for a relation through a link table, where the link's row leads to; else null
 * @param order what the elements are ordered by, before the row's primary key
 * @param distinct whether of elements that look the same only the first stays
 * @param limit how many elements there are at most
 * @param content what is made of each row
 */
public record Elements(Filter filter, Target target, List<OrderKey> order, boolean distinct, int limit, Content content) {

    /**
     * @param index finds the related row
     * @param here the link row's columns that make the key
     * @param filter which related rows count; null for all
     */
    public record Target(LookupIndex index, int[] here, Filter filter) {}

    /** @param column slot of the related row */
    public record OrderKey(int column, boolean descending) {}

    /** What is made of each row. */
    public sealed interface Content {}

    /** An object. */
    public record Objects(Shape shape) implements Content {}

    /** A value. */
    public record Values(Formula formula) implements Content {}

    /** A part of the one value that all rows make. {@code formula} is null where only the rows count. */
    public record Aggregate(Many.Aggregate.Function function, Formula formula) implements Content {}
}
