package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;

/**
 * What is special about one table.
 *
 * @param compatibility the rule that a new row schema must meet before its rows may pass the gate
 * @param transforms Kafka Connect single message transforms that capture applies to the table's rows, in this order
 * @param rules what the gate asks of the rows' values
 * @param form in which form its rows leave capture
 * @param hold the share, 0 to 1, of its rows of which more may leave at once only when a person agrees; null where all may
 * @param privateColumns whose values nobody sees outside the index without a right; by their names in the rows
 */
public record TableSettings(@NotNull Compatibility compatibility, List<@Valid Transform> transforms, List<@Valid RowRule> rules, @NotNull @Valid RowForm form, Double hold, SortedSet<String> privateColumns) {

    /** What holds for a table that no file mentions. */
    public static final TableSettings DEFAULT = of(Compatibility.FULL_TRANSITIVE);

    TableSettings withForm(RowForm other) {
        return new TableSettings(compatibility, transforms, rules, other, hold, privateColumns);
    }

    static TableSettings of(Compatibility compatibility) {
        return new TableSettings(compatibility, List.of(), List.of(), RowForm.AS_IT_IS, null, Collections.emptySortedSet());
    }
}
