package io.millrace.denormalizer.plan;

import java.util.Arrays;

/**
 * Finds rows of a look-up table by columns; the rows whose columns equal a key may be one, many or none.
 *
 * @param id stands in stored keys
 * @param table the look-up table
 * @param columns slots of the table's row, in the order of the key
 */
public record LookupIndex(int id, TablePlan table, int[] columns) {

    @Override
    public boolean equals(Object other) {
        return other instanceof LookupIndex index && index.id == id && index.table == table && Arrays.equals(index.columns, columns);
    }

    @Override
    public int hashCode() {
        return id;
    }

    @Override
    public String toString() {
        return table.name() + " by " + Arrays.stream(columns).mapToObj(c -> table.columns().get(c)).toList();
    }
}
