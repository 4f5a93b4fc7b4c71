package io.millrace.denormalizer.plan;

import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.file.RetentionRule.Unit;
import io.millrace.values.row.Filter;
import java.util.List;
import java.util.Map;

/**
 * What of a document tells how long it is kept. Which rules hold stands in the log, so they are made clauses when they come.
 *
 * @param names of the pipelines whose orders count: this one, and those that it replaces, the last first; an order of one counts while there is none of a name before
 * @param root the root's table
 * @param ones by name, the relations in whose row a rule may look for a number
 */
public record Retaining(List<String> names, TablePlan root, Map<String, One> ones) {

    /** How the row of a relation is found. {@code filter} is null where every row counts. */
    public record One(LookupIndex index, int[] here, Filter filter) {}

    /**
     * A rule, with the places of its columns.
     *
     * @param column with the time
     * @param when null for all rows
     * @param stated null where no other number than {@code amount} counts
     */
    public record Clause(int column, int amount, Unit unit, Filter when, Stated stated) {}

    /** @param one null for the root row itself */
    public record Stated(One one, int column, Unit unit) {}

    /** @throws IllegalArgumentException when a rule asks for what is not stored here */
    public List<Clause> clauses(List<RetentionRule> rules) {
        return rules.stream().map(rule -> new Clause(column(root, rule.column()), rule.keep().amount(), rule.keep().unit(), Filter.of(rule.when(), name -> column(root, name)), stated(rule.override()))).toList();
    }

    private Stated stated(RetentionRule.Stated stated) {
        if (stated == null) {
            return null;
        }
        var one = stated.one() == null ? null : ones.get(stated.one());
        if (one == null && stated.one() != null) {
            throw new IllegalArgumentException("the document has no relation '" + stated.one() + "' whose rows are in every partition");
        }
        return new Stated(one, column(one == null ? root : one.index.table(), stated.column()), stated.unit());
    }

    private static int column(TablePlan table, String name) {
        int at = table.columns().indexOf(name);
        if (at < 0) {
            throw new IllegalArgumentException("the column " + name + " of " + table.name() + " is not stored");
        }
        return at;
    }
}
