package io.millrace.check.rule;

import io.millrace.check.Level;
import io.millrace.check.Rule;
import io.millrace.check.catalog.State;
import io.millrace.check.catalog.Table;
import io.millrace.check.rehearsal.Evidence.Stale;
import io.millrace.pipeline.file.TableName;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Judges what a rehearsal has shown of rows that change without an event, beside what the two catalogs have shown already. */
public final class Unseen {

    /** Their findings say themselves that the rows of the table are not what the documents have. */
    private static final Set<Rule> WHOLE_TABLE = EnumSet.of(Rule.TABLE_DROPPED, Rule.TABLE_RENAMED, Rule.TABLE_MOVED, Rule.TABLE_REPLACED, Rule.PRIMARY_KEY_CHANGED, Rule.PRIMARY_KEY_DROPPED,
            Rule.PARTITION_ATTACHED, Rule.PARTITION_DETACHED, Rule.PARTITION_DROPPED, Rule.INHERITANCE, Rule.PUBLICATION_TABLE, Rule.PUBLICATION_ROWS, Rule.SET_UNLOGGED);
    private static final Set<Rule> WHOLE_SOURCE = EnumSet.of(Rule.PUBLICATION_DROPPED, Rule.PUBLICATION_ALTERED);
    private static final Set<Rule> ONE_COLUMN = EnumSet.of(Rule.COLUMN_DROPPED, Rule.COLUMN_RENAMED, Rule.COLUMN_RETYPED, Rule.DEFAULT_FUNCTION, Rule.DEFAULT_WITHOUT_EVENT, Rule.GENERATED_COLUMN,
            Rule.ENUM_CHANGED, Rule.PUBLICATION_COLUMNS);
    private static final String STALE = "shows the old value until the row is next written";

    private final Uses uses;
    private final State before;
    private final State after;

    /**
     * @param before the catalog before the migration
     * @param after and after it
     */
    public Unseen(Context context, State before, State after) {
        this.uses = context.uses();
        this.before = before;
        this.after = after;
    }

    /** Whether a finding of the catalogs says of these rows what there is to say. */
    public boolean isSaid(Stale stale, Collection<Draft> said) {
        return said.stream().anyMatch(draft -> isAbout(draft, stale) && !isTooWeak(draft, stale));
    }

    /** Whether a finding takes for possible what the rehearsal has shown: documents have other values than the rows. */
    public boolean isTooWeak(Draft draft, Stale stale) {
        return draft.rule() == Rule.COLUMN_RETYPED && draft.level() != Level.BREAKS && isAbout(draft, stale) && uses.has(stale.name(), draft.column());
    }

    private boolean isAbout(Draft draft, Stale stale) {
        if (WHOLE_SOURCE.contains(draft.rule())) {
            return true;
        }
        if (!stale.name().equals(draft.table())) {
            return false;
        }
        return WHOLE_TABLE.contains(draft.rule()) && draft.column() == null || draft.rule() == Rule.TRUNCATE && draft.level() == Level.BREAKS
                || stale.column() != null && ONE_COLUMN.contains(draft.rule()) && (stale.column().equals(draft.column()) || formerName(stale).equals(draft.column()));
    }

    private String formerName(Stale stale) {
        var now = after.tables().get(stale.table());
        var column = now == null ? null : now.column(stale.column());
        var was = column == null ? null : before.tables().get(stale.table()).column(column.number());
        return was == null ? stale.column() : was.name();
    }

    /** A finding of rows that no other finding tells of. */
    public Draft draft(Stale stale) {
        var name = stale.name();
        if (stale.column() == null) {
            return Draft.of(Rule.ROWS_WITHOUT_EVENT, name, null, "Rows of " + name + (stale.missing() > 0 ? " appear" : "") + (stale.missing() > 0 && stale.surplus() > 0 ? " and" : "")
                    + (stale.surplus() > 0 ? " vanish" : "") + " without an event: the documents are made of other rows than the table has.", uses.of(name, "differs from the table's rows"));
        }
        boolean used = uses.has(name, stale.column());
        var draft = before.tables().get(stale.table()).column(stale.column()) == null
                ? Draft.of(Rule.DEFAULT_WITHOUT_EVENT, name, stale.column(), "Old rows get a value in the new column " + name + "." + stale.column() + ", and no event tells of it: readers see null there.",
                        uses.of(name, stale.column(), "is null for every old row until it is next written"))
                : Draft.of(Rule.ROWS_WITHOUT_EVENT, name, stale.column(), "Old rows change in " + name + "." + stale.column() + ", and no event tells of it.", uses.of(name, stale.column(), STALE));
        return draft.at(used ? Level.BREAKS : Level.COORDINATION);
    }

    /** The same finding as something that will happen. */
    public Draft strengthened(Draft draft, TableName name) {
        return new Draft(draft.rule(), Level.BREAKS, draft.table(), draft.column(), "The values of " + name + "." + draft.column() + " are converted, and no event tells of it: the documents keep the old ones. "
                + draft.message(), draft.impacts(), draft.cost());
    }

    /** A table that is written anew for a column whose type stays: by USING it may get any value. */
    public List<Draft> converted(Table was, Table now) {
        boolean retyped = was.columns().stream().anyMatch(c -> now.column(c.number()) == null || !now.column(c.number()).type().equals(c.type()));
        return retyped || !uses.has(was.name()) ? List.of()
                : List.of(Draft.of(Rule.ROWS_WITHOUT_EVENT, was.name(), null, "The rows of " + was.name() + " are converted by an expression, and no event tells of it: where that changes a value, the documents have the old one.",
                        uses.of(was.name(), STALE)).at(Level.COORDINATION));
    }
}
