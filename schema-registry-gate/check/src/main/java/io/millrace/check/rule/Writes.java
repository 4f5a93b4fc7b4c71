package io.millrace.check.rule;

import io.millrace.check.Finding.Cost;
import io.millrace.check.Level;
import io.millrace.check.Rule;
import io.millrace.check.catalog.State;
import io.millrace.check.catalog.Table;
import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.check.scratch.ScratchDatabase.Touch;
import io.millrace.check.scratch.WritePlan;
import io.millrace.check.scratch.WritePlan.Write;
import io.millrace.check.script.Statement;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Judges what a statement writes to rows. Made before the statement runs, asked after it. Used once. */
public final class Writes {

    private final Context context;
    private final ScratchDatabase database;
    private final List<Write> planned;

    public Writes(Context context, ScratchDatabase database, Statement statement) throws SQLException {
        this.context = context;
        this.database = database;
        this.planned = WritePlan.isFor(statement) ? WritePlan.of(database, statement) : List.of();
    }

    /**
     * What matters of it.
     *
     * @param touches the writes that took place
     * @param rows how many rows the statement itself wrote in the scratch database
     * @param state the catalog
     * @param born the tables that the migration itself has made
     */
    public List<Draft> judge(List<Touch> touches, long rows, State state, Set<Long> born) throws SQLException {
        var drafts = new ArrayList<Draft>();
        for (var touch : new LinkedHashSet<>(touches)) {
            var table = state.tables().get(touch.table());
            if (table == null || touch.operation().equals("CONVERT") || born.contains(table.oid()) && !context.uses().has(table.name())) {
                continue;
            }
            if (table.name().schema().equals(Topics.OWN_SCHEMA)) {
                drafts.add(Draft.of(Rule.OWN_TABLE_TOUCHED, table.name(), null, "A statement writes to Millrace's own table " + table.name() + " (" + touch.operation() + ").", List.of()));
            } else if (touch.operation().equals("TRUNCATE")) {
                truncate(table, state, born, drafts);
            } else {
                write(touch, table, state, rows, born, drafts);
            }
        }
        return drafts;
    }

    private void truncate(Table table, State state, Set<Long> born, List<Draft> drafts) {
        var root = state.root(table);
        if (born.contains(table.oid()) || !context.uses().has(root.name())) {
            return;
        }
        boolean lost = table.oid() != root.oid();
        drafts.add(Draft.of(Rule.TRUNCATE, root.name(), null, lost
                ? "The partition " + table.name() + " of " + root.name() + " is truncated by itself, which a publication by the root does not carry: the documents keep its rows."
                : "The table " + root.name() + " is truncated: every document loses what came from it, in one step.",
                context.uses().of(root.name(), lost ? "keeps the rows for ever" : "loses the rows")).at(lost ? Level.BREAKS : Rule.TRUNCATE.level()));
    }

    private void write(Touch touch, Table table, State state, long rows, Set<Long> born, List<Draft> drafts) throws SQLException {
        boolean planless = planned.isEmpty();
        if (table.persistence() != 'p' || touch.operation().equals("INSERT") && planless && rows < context.massRows()) {
            return;
        }
        var root = state.root(table);
        var plan = planned.stream().filter(w -> w.table().equals(table.name()) && operations(w).contains(touch.operation())).toList();
        boolean bounded = !plan.isEmpty() && plan.stream().allMatch(Write::bounded);
        var cost = bounded ? new Cost(Math.max(rows, plan.stream().mapToLong(Write::rows).sum()), -1) : cost(touch, table, root, rows, born);
        if (!context.isMass(cost) || touch.operation().equals("INSERT") && bounded && rows < context.massRows()) {
            return;
        }
        var many = cost.rows() < 0 ? "any number of rows" : "up to " + Counted.of(cost.rows(), "row");
        boolean used = context.uses().has(root.name());
        drafts.add(Draft.of(Rule.MASS_WRITE, root.name(), null, "One statement writes " + many + " of " + root.name() + " (" + touch.operation() + ") in one transaction: the slot, which all pipelines of the database share, decodes all of them"
                + (used ? ", and every one becomes an event." : ", although none travels."), context.uses().of(root.name(), "lags until all of it is through")).costing(cost));
    }

    private static Set<String> operations(Write write) {
        return switch (write.operation()) {
            case "Merge" -> Set.of("INSERT", "UPDATE", "DELETE");
            // With ON CONFLICT DO UPDATE an insert is both.
            case "Insert" -> Set.of("INSERT", "UPDATE");
            default -> Set.of(write.operation().toUpperCase(Locale.ROOT));
        };
    }

    /** A table that the migration itself has made holds in production what it holds here. */
    private Cost cost(Touch touch, Table table, Table root, long rows, Set<Long> born) throws SQLException {
        if (born.contains(table.oid())) {
            return new Cost(Long.parseLong(database.text("SELECT count(*) FROM " + table.name().sql())), -1);
        }
        var count = context.count(List.of(table));
        if (count.rows() < 0) {
            count = context.count(List.of(root));
        }
        return touch.operation().equals("INSERT") ? new Cost(-1, -1) : new Cost(count.rows() < 0 ? -1 : Math.max(rows, count.rows()), count.bytes());
    }
}
