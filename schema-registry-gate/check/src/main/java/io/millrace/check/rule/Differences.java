package io.millrace.check.rule;

import io.millrace.check.Level;
import io.millrace.check.Rule;
import io.millrace.check.catalog.State;
import io.millrace.check.catalog.Table;
import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Compares what the catalog said before and after. Used once. */
public final class Differences {

    private final Context context;
    private final State before;
    private final State after;
    private final Set<Long> born;
    private final Set<Long> truncated;
    private final Set<Long> filled;
    private final List<Draft> drafts = new ArrayList<>();

    private Differences(Context context, State before, State after, Set<Long> born, Set<Long> truncated, Set<Long> filled) {
        this.context = context;
        this.before = before;
        this.after = after;
        this.born = born;
        this.truncated = truncated;
        this.filled = filled;
    }

    /**
     * Everything that matters to replication.
     *
     * @param born the tables that the migration itself has made, by oid
     * @param truncated the tables that were truncated, whose new file is no rewrite
     * @param filled of the tables that the migration has made, those that held rows when they became partitions
     */
    public static List<Draft> of(Context context, State before, State after, Set<Long> born, Set<Long> truncated, Set<Long> filled) {
        var differences = new Differences(context, before, after, born, truncated, filled);
        differences.source();
        differences.settings();
        differences.domains();
        differences.tables();
        differences.relations();
        differences.publication();
        differences.partitions();
        differences.rewrites();
        return differences.drafts;
    }

    private void add(Rule rule, TableName table, String column, String message, List<io.millrace.check.Finding.Impact> impacts) {
        drafts.add(Draft.of(rule, table, column, message, impacts));
    }

    private boolean isBorn(Table table) {
        return born.contains(table.oid());
    }

    private void source() {
        var was = before.role();
        var now = after.role();
        if (was != null && now == null) {
            add(Rule.ROLE_CHANGED, null, null, "The replicating role " + was.name() + " is dropped: capture cannot connect.", List.of());
        } else if (was != null && !was.equals(now)) {
            var what = !was.name().equals(now.name()) ? "is now called " + now.name() : was.replicates() && !now.replicates() ? "may no longer replicate" : "can no longer log in as before";
            if (!(now.replicates() && !was.replicates() && was.entry().equals(now.entry()) && was.name().equals(now.name()))) {
                add(Rule.ROLE_CHANGED, null, null, "The replicating role " + was.name() + " " + what + ": capture stops at its next connection.", List.of());
            }
        }
        if (before.slot() && !after.slot()) {
            add(Rule.SLOT_DROPPED, null, null, "The replication slot " + Topics.slot(context.source()) + " is dropped: every change from now on is lost to all pipelines of this source.", List.of());
        }
    }

    private void settings() {
        after.settings().forEach((name, value) -> {
            if (!value.equals(before.settings().get(name))) {
                setting(name, value);
            }
        });
    }

    private void setting(String name, String value) {
        boolean none = value.equals("0") || value.isBlank();
        switch (name) {
            case "wal_level" -> {
                if (!value.equalsIgnoreCase("logical")) {
                    setting(name, value, Level.BREAKS, "from the server's next start on nothing can be decoded, and with a logical slot in it the server does not start at all");
                }
            }
            case "max_replication_slots", "max_wal_senders", "listen_addresses" -> {
                if (none) {
                    setting(name, value, Level.BREAKS, "from the server's next start on capture cannot come back");
                }
            }
            case "default_transaction_read_only" -> {
                if (List.of("on", "true", "yes", "1").contains(value.toLowerCase(Locale.ROOT))) {
                    setting(name, value, Level.BREAKS, "Millrace's heartbeat can no longer be written, and the slot retains WAL while the database is quiet");
                }
            }
            case "max_slot_wal_keep_size", "idle_replication_slot_timeout" -> {
                if (!value.startsWith("-") && !(none && name.startsWith("idle"))) {
                    setting(name, value, Level.COORDINATION, "a slot that stays behind for longer is invalidated, and every table has to be read again");
                }
            }
            default -> { }
        }
    }

    private void setting(String name, String value, Level level, String what) {
        drafts.add(Draft.of(Rule.SERVER_SETTING, null, name, "The setting " + name + " becomes '" + value + "': " + what + ".", List.of()).at(level));
    }

    /** Debezium asks every enum-like type of the database for its labels, and ends when a domain has none. */
    private void domains() {
        after.enumDomains().stream().filter(d -> !before.enumDomains().contains(d)).forEach(domain -> drafts.add(Draft.of(Rule.DOMAIN_CHANGED, null, domain,
                "The domain " + domain + " is over an enum. Debezium cannot read the types of a database that has such a domain: capture of the whole source fails at its next start.", List.of()).at(Level.BREAKS)));
    }

    private void tables() {
        for (var name : context.uses().tables()) {
            var was = before.table(name);
            if (was == null || !isBorn(was)) {
                var now = after.table(name);
                drafts.addAll(TableDifferences.of(context.uses(), before, after, name, was != null && now != null && isRewritten(was)));
            }
        }
        for (var was : before.tables().values()) {
            if (was.name().schema().equals(Topics.OWN_SCHEMA) && !was.columns().isEmpty()) {
                own(was, after.tables().get(was.oid()));
            }
        }
    }

    private void own(Table was, Table now) {
        if (now == null) {
            add(Rule.OWN_TABLE_TOUCHED, was.name(), null, "Millrace's own table " + was.name() + " is dropped.", List.of());
        } else if (!was.name().equals(now.name()) || !was.columns().equals(now.columns()) || !was.primaryKey().equals(now.primaryKey()) || was.persistence() != now.persistence()
                || was.replicaIdentity() != now.replicaIdentity() || was.readable() && !now.readable() || !was.hidden() && now.hidden()) {
            add(Rule.OWN_TABLE_TOUCHED, was.name(), null, "Millrace's own table " + was.name() + " is changed.", List.of());
        }
    }

    private void relations() {
        for (var file : context.files()) {
            var old = new HashSet<>(CatalogCheck.check(file, before.catalog()));
            for (var problem : CatalogCheck.check(file, after.catalog())) {
                if (!old.contains(problem) && (problem.message().contains("no usable key") || problem.message().contains("cannot compare"))) {
                    relation(file.pipeline().name(), problem);
                }
            }
        }
    }

    private void relation(String pipeline, Problem problem) {
        var impact = new io.millrace.check.Finding.Impact(pipeline, problem.file().toString(), problem.line(), problem.at(), "", "cannot be joined");
        add(Rule.RELATION_KEY_CHANGED, null, problem.at(), "Pipeline " + pipeline + ", " + problem.at() + ": " + problem.message(), List.of(impact));
    }

    private void publication() {
        var was = before.publication();
        var now = after.publication();
        if (was == null) {
            return;
        }
        var name = Topics.publication(context.source());
        if (now == null) {
            add(Rule.PUBLICATION_DROPPED, null, null, "The publication " + name + " is gone under this name: capture's stream fails, and no table of the source travels.", List.of());
            return;
        }
        if (was.complete() && !now.complete()) {
            add(Rule.PUBLICATION_ALTERED, null, null, "The publication " + name + " no longer publishes all of insert, update, delete and truncate: what it leaves out is lost.", List.of());
        } else if (was.viaRoot() != now.viaRoot()) {
            add(Rule.PUBLICATION_ALTERED, null, null, "publish_via_partition_root of the publication " + name + " changes: rows of partitions come under other names.", List.of());
        }
        was.tables().forEach((table, published) -> {
            var old = before.table(table);
            var same = old == null ? null : after.tables().get(old.oid());
            if (same != null && now.viaRoot() == was.viaRoot() && (context.uses().has(table) || table.schema().equals(Topics.OWN_SCHEMA))) {
                published(old, same, published, now.tables().get(same.name()));
            }
        });
        now.tables().keySet().forEach(this::identified);
    }

    private void published(Table old, Table same, State.Published was, State.Published now) {
        var table = old.name();
        boolean own = table.schema().equals(Topics.OWN_SCHEMA);
        if (now == null) {
            add(own ? Rule.OWN_TABLE_TOUCHED : Rule.PUBLICATION_TABLE, table, null, "The publication no longer has " + table + ": its changes are lost from now on.", context.uses().of(table, "gets no further changes"));
            return;
        }
        for (var column : was.columns()) {
            var still = old.column(column) == null ? null : same.column(old.column(column).number());
            if (still != null && !still.generated() && !now.columns().contains(still.name())) {
                boolean used = context.uses().has(table, column);
                drafts.add(Draft.of(Rule.PUBLICATION_COLUMNS, table, column, "The publication no longer has the column " + table + "." + column + ".", context.uses().of(table, column, "becomes null, row by row"))
                        .at(used || own ? Level.BREAKS : Level.COORDINATION));
            }
        }
        if (now.filter() != null && !Objects.equals(was.filter(), now.filter())) {
            add(Rule.PUBLICATION_ROWS, table, null, "The publication has only those rows of " + table + " for which " + now.filter() + ".", context.uses().of(table, "misses the other rows"));
        }
    }

    /** A table that is published for somebody, and that nobody can update any more. */
    private void identified(TableName name) {
        var now = after.table(name);
        var was = now == null ? null : before.tables().get(now.oid());
        boolean anew = was == null || !before.publication().tables().containsKey(was.name());
        if (now != null && !context.uses().has(name) && !now.partitioned() && !now.identified() && (anew || was.identified())) {
            add(Rule.NO_PRIMARY_KEY, name, null, "The published table " + name + " has no primary key, or a DEFERRABLE one, and no other replica identity: Postgres refuses its updates and deletes.", List.of());
        }
    }

    private void partitions() {
        for (var now : after.tables().values()) {
            var was = before.tables().get(now.oid());
            if (now.partition() && (was == null || !was.partition())) {
                var root = after.root(now);
                boolean empty = (was == null || isBorn(now)) && !filled.contains(now.oid());
                if (!empty && context.uses().has(root.name())) {
                    add(Rule.PARTITION_ATTACHED, root.name(), null, "The table " + now.name() + " becomes a partition of " + root.name() + ": the rows that it has appear there without an event.",
                            context.uses().of(root.name(), "lacks the rows of the new partition"));
                }
            }
            inheritance(was, now);
        }
        for (var was : before.tables().values()) {
            if (was.partition() && !isBorn(was)) {
                left(was, before.root(was), after.tables().get(was.oid()));
            }
        }
    }

    private void left(Table was, Table root, Table now) {
        if (!context.uses().has(root.name()) || !after.tables().containsKey(root.oid())) {
            return;
        }
        if (now == null) {
            add(Rule.PARTITION_DROPPED, root.name(), null, "The partition " + was.name() + " of " + root.name() + " is dropped: its rows disappear without deletes.", context.uses().of(root.name(), "keeps the rows for ever"));
        } else if (!now.partition()) {
            add(Rule.PARTITION_DETACHED, root.name(), null, "The partition " + was.name() + " leaves " + root.name() + ": its rows disappear from there without deletes, and its later changes do not travel.",
                    context.uses().of(root.name(), "keeps the rows for ever"));
        }
    }

    private void inheritance(Table was, Table now) {
        if (now.partition() || was != null && was.partition()) {
            return;
        }
        Set<Long> changed = new HashSet<>(now.parents());
        if (was != null) {
            was.parents().forEach(p -> {
                if (!changed.remove(p)) {
                    changed.add(p);
                }
            });
        }
        for (var oid : changed) {
            var parent = after.tables().get(oid);
            if (parent != null && context.uses().has(parent.name())) {
                add(Rule.INHERITANCE, parent.name(), null, "The table " + now.name() + (now.parents().contains(oid) ? " now inherits from " : " no longer inherits from ") + parent.name()
                        + ": a SELECT sees its rows there, the log does not.", context.uses().of(parent.name(), "differs from what a SELECT shows"));
            }
        }
    }

    private boolean isRewritten(Table was) {
        return after.tables().values().stream().anyMatch(now -> after.root(now).oid() == was.oid() && hasNewFile(now));
    }

    private boolean hasNewFile(Table now) {
        var was = before.tables().get(now.oid());
        return was != null && was.filenode() != now.filenode() && was.persistence() == 'p' && now.persistence() == 'p' && !truncated.contains(now.oid()) && !isBorn(now);
    }

    private void rewrites() {
        Map<TableName, List<Table>> rewritten = new LinkedHashMap<>();
        after.tables().values().stream().filter(this::hasNewFile).forEach(t -> rewritten.computeIfAbsent(after.root(t).name(), _ -> new ArrayList<>()).add(t));
        rewritten.forEach((root, parts) -> {
            var cost = context.count(parts);
            if (cost.rows() < 0) {
                cost = context.count(List.of(after.table(root)));
            }
            if (context.isMass(cost)) {
                drafts.add(Draft.of(Rule.TABLE_REWRITE, root, null, "The table " + root + " is written anew: the slot, which all pipelines of the database share, decodes every row of it, although none travels.", List.of())
                        .costing(cost));
            }
        });
    }
}
