package io.millrace.denormalizer.plan;

import java.util.List;

/**
 * How rows become elements of an array.
 *
 * @param target for a relation through a link table, where the link's row leads to; else null
 * @param order what the elements are ordered by, before the row's primary key
 * @param shape the element
 */
public record Elements(Target target, List<OrderKey> order, Shape shape) {

    /**
     * @param index finds the related row
     * @param here the link row's columns that make the key
     */
    public record Target(LookupIndex index, int[] here) {}

    /** @param column slot of the related row */
    public record OrderKey(int column, boolean descending) {}
}
