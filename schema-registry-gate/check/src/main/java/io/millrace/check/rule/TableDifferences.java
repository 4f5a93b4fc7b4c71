package io.millrace.check.rule;

import io.millrace.check.Level;
import io.millrace.check.Rule;
import io.millrace.check.catalog.State;
import io.millrace.check.catalog.Table;
import io.millrace.check.catalog.Table.Attribute;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.RowSchemas;
import io.millrace.pipeline.type.ColumnType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Compares one table that documents use with itself, before and after. Used once. */
final class TableDifferences {

    private static final String PARKS = ", so no row can go in the form that they ask for: the table is parked until they do not name it any more.";
    private static final String STALE = "shows the old value until the row is next written";

    private final Uses uses;
    private final State before;
    private final State after;
    private final TableName name;
    private final boolean rewritten;
    private final List<Draft> drafts = new ArrayList<>();

    private TableDifferences(Uses uses, State before, State after, TableName name, boolean rewritten) {
        this.uses = uses;
        this.before = before;
        this.after = after;
        this.name = name;
        this.rewritten = rewritten;
    }

    /** @param rewritten whether the table's rows were written anew */
    static List<Draft> of(Uses uses, State before, State after, TableName name, boolean rewritten) {
        var differences = new TableDifferences(uses, before, after, name, rewritten);
        differences.compare(before.table(name), after.table(name));
        return differences.drafts;
    }

    private void compare(Table was, Table now) {
        if (was == null) {
            if (now != null) {
                created(now);
            }
        } else if (now == null) {
            gone(was, after.tables().get(was.oid()));
        } else if (was.oid() != now.oid()) {
            add(Rule.TABLE_REPLACED, null, "Another table is now called " + name + ". It is not the one that is published, and its rows do not travel; the documents keep the old table's rows.",
                    uses.of(name, "keeps the rows of the table that was there before"));
        } else {
            columns(was, now);
            primaryKey(was, now);
            identity(was, now);
            access(was, now);
        }
    }

    private void add(Rule rule, String column, String message, List<io.millrace.check.Finding.Impact> impacts) {
        drafts.add(Draft.of(rule, name, column, message, impacts));
    }

    private void created(Table now) {
        add(Rule.TABLE_NEW, null, "The table " + name + ", which pipelines name, is created. Until it is published its rows do not travel.", uses.of(name, "is filled once the source is provisioned"));
        if (now.primaryKey().isEmpty()) {
            add(Rule.NO_PRIMARY_KEY, null, "The table " + name + " has no primary key, by which its rows are known, or a DEFERRABLE one: capture does not take it, and once it is published Postgres refuses its updates and deletes.",
                    uses.of(name, "cannot be built"));
        }
    }

    private void gone(Table was, Table elsewhere) {
        if (elsewhere == null) {
            add(Rule.TABLE_DROPPED, null, "The table " + name + " is dropped. No deletes travel: the documents keep its last rows, and capture refuses its next start.", uses.of(name, "keeps the last rows for ever"));
        } else {
            boolean moved = !elsewhere.name().schema().equals(name.schema());
            add(moved ? Rule.TABLE_MOVED : Rule.TABLE_RENAMED, null, "The table " + name + " is now " + elsewhere.name()
                    + ". Its topic is named after it: later changes go to another topic, which no pipeline reads, and capture refuses its next start.", uses.of(name, "gets no further changes"));
        }
    }

    private void columns(Table was, Table now) {
        for (var column : was.columns()) {
            var same = now.column(column.number());
            if (same == null) {
                dropped(column, now);
            } else {
                renamed(column, same);
                retyped(column, same);
                nullability(column, same, now);
                labels(column, same);
                if (column.generated() && !same.generated()) {
                    add(Rule.GENERATED_COLUMN, column.name(), "The column " + name + "." + column.name() + " is no longer generated and travels from now on; the values that old rows have do not.",
                            uses.of(name, column.name(), "is null until the row is next written"));
                }
            }
        }
        now.columns().stream().filter(c -> was.column(c.number()) == null).forEach(this::added);
    }

    private void renamed(Attribute was, Attribute now) {
        if (was.name().equals(now.name()) || was.generated() && now.generated()) {
            return;
        }
        var change = "The column " + name + "." + was.name() + " is now called " + now.name();
        if (uses.isNamedByForm(name, was.name())) {
            add(Rule.COLUMN_RENAMED, was.name(), change + ". The pipeline files name it under 'columns' or 'rows'" + PARKS, uses.of(name, "waits while the table is parked"));
        } else if (uses.has(name, was.name())) {
            add(Rule.COLUMN_RENAMED, was.name(), change + ". The documents look for the old name and find nothing.", uses.of(name, was.name(), "becomes null"));
        } else {
            drafts.add(Draft.of(Rule.COLUMN_RENAMED, name, was.name(), change + ", and no event tells of it: no document uses it now, but a pipeline that takes it later is built from rows that have the old name.", List.of())
                    .at(Level.COORDINATION));
        }
    }

    private void dropped(Attribute column, Table now) {
        if (uses.isNamedByForm(name, column.name())) {
            add(Rule.COLUMN_DROPPED, column.name(), "The column " + name + "." + column.name() + " is dropped. The pipeline files name it under 'columns' or 'rows'" + PARKS, uses.of(name, "waits while the table is parked"));
        } else if (uses.has(name, column.name())) {
            boolean again = now.column(column.name()) != null;
            add(Rule.COLUMN_DROPPED, column.name(), "The column " + name + "." + column.name() + " is dropped" + (again ? " and another one of that name added: the old rows' values in it do not travel." : ": rows come without it from now on."),
                    uses.of(name, column.name(), again ? STALE : "becomes null, row by row"));
        }
    }

    private void retyped(Attribute was, Attribute now) {
        boolean sameType = was.type().equals(now.type()) && was.enumType() == now.enumType();
        if (sameType || was.generated() && now.generated()) {
            return;
        }
        boolean otherKind = !kind(was).equals(kind(now)) || was.column().encoding() != now.column().encoding();
        var change = "The column " + name + "." + was.name() + " changes from " + was.type() + " to " + now.type();
        if (!uses.has(name, was.name())) {
            if ((otherKind || rewritten) && !before.table(name).primaryKey().contains(was)) {
                drafts.add(Draft.of(Rule.COLUMN_RETYPED, name, was.name(), change + ", and no event tells of it: no document uses it now, but a pipeline that takes it later is built from rows that have the old values.",
                        List.of()).at(Level.COORDINATION));
            }
        } else if (otherKind) {
            add(Rule.COLUMN_RETYPED, was.name(), change + ". Its values are written another way, the index's mapping may refuse them, and old rows keep the old form.",
                    uses.of(name, was.name(), "gets another JSON type; the rest " + STALE));
        } else if (rewritten) {
            drafts.add(Draft.of(Rule.COLUMN_RETYPED, name, was.name(), change + ". All rows are converted, and no event tells of it: where the conversion changes a value, the document has the old one.",
                    uses.of(name, was.name(), STALE)).at(Level.COORDINATION));
        }
    }

    private String kind(Attribute column) {
        var field = RowSchemas.value("x", name, List.of(column.column())).getFields().getFirst();
        var type = ColumnType.of(field);
        return type.kind() + (type.element() == null ? "" : " of " + type.element().kind());
    }

    private void nullability(Attribute was, Attribute now, Table table) {
        boolean forbidden = was.column().nullable() && !now.column().nullable();
        if (!forbidden || now.generated() || table.primaryKey().contains(now) && before.table(name).primaryKey().isEmpty()) {
            return;
        }
        if (now.notNullByDomain()) {
            add(Rule.DOMAIN_CHANGED, now.name(), "The domain " + now.type() + " forbids null, and with it the column " + name + "." + now.name() + ", whose row schema changes; queued records may still hold null.",
                    uses.of(name, was.name(), "waits while the table is parked"));
        } else {
            add(Rule.SET_NOT_NULL, now.name(), "The column " + name + "." + now.name() + " forbids null from now on; records that are queued, or written before and read late, may still hold one.",
                    uses.of(name, was.name(), "waits while the table is parked"));
        }
    }

    private void labels(Attribute was, Attribute now) {
        if (was.enumType() == 0 || was.enumType() != now.enumType()) {
            return;
        }
        var old = before.enums().get(was.enumType());
        var labels = after.enums().get(now.enumType());
        if (labels.size() >= old.size() && labels.subList(0, old.size()).equals(old)) {
            return;
        }
        var lost = old.stream().filter(l -> !labels.contains(l)).toList();
        boolean used = uses.has(name, was.name());
        var draft = lost.isEmpty()
                ? Draft.of(Rule.ENUM_CHANGED, name, was.name(), "The labels of " + now.type() + " stand in another order: " + labels + ", before " + old + ". Queries that sort or compare by it change, documents do not.",
                        uses.of(name, was.name(), "keeps the label; whoever sorts by its order must learn the new one"))
                : Draft.of(Rule.ENUM_CHANGED, name, was.name(), "The label " + String.join(", ", lost) + " of " + now.type() + " is renamed. The rows that have it change without an event.",
                        uses.of(name, was.name(), STALE)).at(used ? Level.BREAKS : Level.COORDINATION);
        drafts.add(draft);
    }

    private void added(Attribute column) {
        boolean used = uses.has(name, column.name());
        Draft draft;
        if (column.generated()) {
            draft = Draft.of(Rule.GENERATED_COLUMN, name, column.name(), "The column " + name + "." + column.name() + " is generated; the log does not carry it, so no document can have it.",
                    uses.of(name, column.name(), "is always null"));
        } else if (!column.prefilled() && !rewritten) {
            // Its default came later, and is for new rows.
            return;
        } else if (column.identity() || column.fallback() != null && column.varying()) {
            draft = Draft.of(Rule.DEFAULT_FUNCTION, name, column.name(), "Old rows get a value of " + (column.identity() ? "an identity" : column.fallback()) + " in the new column " + name + "." + column.name()
                    + " that no event tells of; the registry's rule sees nothing of it, and readers take null, or the value of another moment, for it.", uses.of(name, column.name(), "is null for every old row until it is next written"));
        } else if (column.fallback() != null) {
            draft = Draft.of(Rule.DEFAULT_WITHOUT_EVENT, name, column.name(), "Old rows have " + column.fallback() + " in the new column " + name + "." + column.name() + ", and no event tells of it; readers see null there.",
                    uses.of(name, column.name(), "is null for every old row until it is next written"));
        } else {
            return;
        }
        drafts.add(draft.at(used ? Level.BREAKS : Level.COORDINATION));
    }

    private void primaryKey(Table was, Table now) {
        var old = was.primaryKey();
        var key = now.primaryKey();
        if (old.isEmpty() && !key.isEmpty()) {
            if (before.publishes(name)) {
                add(Rule.PRIMARY_KEY_ADDED, null, "The table " + name + " gets the primary key (" + names(key) + "), which becomes its topic's key.", uses.of(name, "can be built from now on"));
            }
        } else if (!old.isEmpty() && key.isEmpty()) {
            add(Rule.PRIMARY_KEY_DROPPED, null, "The table " + name + " loses its primary key (" + names(old) + "): Postgres refuses updates and deletes on it while it is published, and capture refuses its next start.",
                    uses.of(name, "can no longer be kept"));
        } else if (!numbers(old).equals(numbers(key))) {
            add(Rule.PRIMARY_KEY_CHANGED, null, "The primary key of " + name + " changes from (" + names(old) + ") to (" + names(key) + "): the topic's key changes, and rows of the two keys are different rows downstream.",
                    uses.of(name, "gets another id or other keys; what was written under the old one stays"));
        } else {
            for (int i = 0; i < key.size(); i++) {
                if (old.get(i).column().encoding() != key.get(i).column().encoding() || !kind(old.get(i)).equals(kind(key.get(i)))) {
                    add(Rule.PRIMARY_KEY_CHANGED, key.get(i).name(), "The primary key column " + name + "." + key.get(i).name() + " changes from " + old.get(i).type() + " to " + key.get(i).type()
                            + ": the topic's key is written another way.", uses.of(name, "may get another id"));
                }
            }
        }
    }

    private static List<Integer> numbers(List<Attribute> columns) {
        return columns.stream().map(Attribute::number).toList();
    }

    private static String names(List<Attribute> columns) {
        return String.join(", ", columns.stream().map(Attribute::name).toList());
    }

    private void identity(Table was, Table now) {
        if (now.replicaIdentity() == 'n' && was.replicaIdentity() != 'n') {
            add(Rule.REPLICA_IDENTITY_NOTHING, null, "The table " + name + " has REPLICA IDENTITY NOTHING: while it is published Postgres refuses its updates and deletes.", uses.of(name, "misses updates and deletes"));
        } else if (now.replicaIdentity() == 'f' && was.replicaIdentity() != 'f') {
            drafts.add(Draft.of(Rule.REPLICA_IDENTITY_FULL, name, null, "Each update and delete of " + name + " writes the whole old row into the WAL, which the shared slot decodes: about twice the bytes of an update.",
                    List.of()));
        } else if (now.replicaIdentity() == 'i' && !now.identified() && was.identified()) {
            add(Rule.REPLICA_IDENTITY_LOST, null, "The index that is the REPLICA IDENTITY of " + name + " is gone, which counts as NOTHING: Postgres refuses updates and deletes while the table is published.",
                    uses.of(name, "misses updates and deletes"));
        } else if (now.replicaIdentity() == 'i' && now.identified() && !isKey(now) && (was.replicaIdentity() != 'i' || isKey(was))) {
            add(Rule.REPLICA_IDENTITY_INDEX, null, "The REPLICA IDENTITY of " + name + " is an index on other columns than the primary key: a delete then does not say which key it deletes.",
                    uses.of(name, "keeps rows that were deleted"));
        }
        if (now.persistence() == 'u' && was.persistence() == 'p') {
            add(Rule.SET_UNLOGGED, null, "The table " + name + " becomes unlogged: its changes are no longer in the WAL.", uses.of(name, "gets no further changes"));
        }
    }

    private static boolean isKey(Table table) {
        Set<Integer> key = new HashSet<>(numbers(table.primaryKey()));
        return table.indexes().stream().anyMatch(i -> i.replicaIdentity() && key.equals(new HashSet<>(i.columns())));
    }

    private void access(Table was, Table now) {
        if (was.readable() && !now.readable() && after.role() != null) {
            add(Rule.SELECT_REVOKED, null, "The role " + Objects.requireNonNull(after.role()).name() + " may no longer read " + name + ": large values that an update leaves untouched can no longer be looked up, and capture refuses its next start.",
                    uses.of(name, "stops"));
        }
        if (!was.hidden() && now.hidden()) {
            add(Rule.ROW_SECURITY, null, "Row security hides rows of " + name + " from the replicating role: a first reading, and the look-up of large values, miss them.", uses.of(name, "may miss rows"));
        }
    }
}
