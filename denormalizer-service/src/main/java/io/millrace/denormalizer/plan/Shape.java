package io.millrace.denormalizer.plan;

import io.millrace.values.row.Filter;
import io.millrace.values.row.Formula;
import java.util.List;

/**
 * An object of the document.
 *
 * @param members sorted by the code points of their names
 * @param isChanged whether documents may have been emitted with other members
 */
public record Shape(List<Member> members, boolean isChanged) {

    /**
     * @param prefix the name as it stands in the document: quoted, with its colon
     * @param fromLink whether the value is the link row's, not the related row's
     */
    public record Member(byte[] prefix, boolean fromLink, Value value) {}

    /** Where a member's value comes from. */
    public sealed interface Value {}

    /** @param slot a column of the row */
    public record ColumnValue(int slot) implements Value {}

    /** Made of the row's columns. */
    public record Computed(Formula formula) implements Value {}

    /**
     * An object, or null where the look-up finds nothing that counts.
     *
     * @param filter null where every row counts
     * @param formula the value that stands in the place of the object; null for the object
     */
    public record OneValue(LookupIndex index, int[] here, Filter filter, Shape shape, Formula formula) implements Value {}

    /** Made of the one row that is stored with the document for it, or null where there is none. */
    public record OwnValue(SpineNode node, Formula formula) implements Value {}

    /** Made of rows that are stored with the document. */
    public record SpineArray(SpineNode node, Elements elements) implements Value {}

    /** Made of look-up rows. */
    public record LookupArray(LookupIndex index, int[] here, Elements elements) implements Value {}
}
