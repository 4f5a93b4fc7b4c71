package io.millrace.denormalizer.plan;

import java.util.List;

/**
 * An object of the document.
 *
 * @param members sorted by the code points of their names
 */
public record Shape(List<Member> members) {

    /**
     * @param prefix the name as it stands in the document: quoted, with its colon
     * @param fromLink whether the value is the link row's, not the related row's
     */
    public record Member(byte[] prefix, boolean fromLink, Value value) {}

    /** Where a member's value comes from. */
    public sealed interface Value {}

    /** @param slot a column of the row */
    public record ColumnValue(int slot) implements Value {}

    /** An object, or null where the look-up finds nothing. */
    public record OneValue(LookupIndex index, int[] here, Shape shape) implements Value {}

    /** An array of rows that are stored with the document. */
    public record SpineArray(SpineNode node) implements Value {}

    /** An array of look-up rows. */
    public record LookupArray(LookupIndex index, int[] here, Elements elements) implements Value {}
}
