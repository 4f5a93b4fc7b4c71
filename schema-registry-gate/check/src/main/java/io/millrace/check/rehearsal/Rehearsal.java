package io.millrace.check.rehearsal;

import io.millrace.check.rehearsal.Evidence.Stale;
import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.check.scratch.ScratchDatabase.Touch;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Statement;
import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Runs migrations with rows in the tables, and holds what they leave against what a consumer of the log makes of the events:
 * the log is all that replication sees. Used once, for one database.
 */
final class Rehearsal {

    /** Before these no message can, or need, be written into the log. */
    private static final Pattern SILENT = Pattern.compile("(?is)(BEGIN|START\\s+TRANSACTION|SET|RESET|SHOW|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|LOCK)\\b.*");
    private static final Set<String> NEEDS_NO_TRANSACTION = Set.of("25001", "2D000");
    /** Of a table that a baseline has filled with more, nothing is mirrored. */
    private static final int MOST_ROWS = 5_000;

    /** A table as it was last looked at. */
    private static final class Followed {

        final long oid;
        final TableName name;
        final List<String> key;
        Mirror mirror;
        String print;
        long rows;

        Followed(long oid, TableName name, List<String> key) {
            this.oid = oid;
            this.name = name;
            this.key = key;
        }
    }

    private final ScratchDatabase database;
    private final Connection watcher;
    private final ChangeLog log;
    private final Evidence evidence;
    private final Map<Long, Followed> tables = new LinkedHashMap<>();
    private final List<Statement> statements = new ArrayList<>();

    private Rehearsal(ScratchDatabase database, Connection watcher, ChangeLog log, Evidence evidence) {
        this.database = database;
        this.watcher = watcher;
        this.log = log;
        this.evidence = evidence;
    }

    /**
     * Runs them in their order.
     *
     * @param database a copy of the baseline with rows in it
     * @param watcher another session in it, which no migration can change
     * @param names the tables that documents need
     * @return whether all of them ran to their end
     */
    static boolean of(List<Migration> migrations, ScratchDatabase database, Connection watcher, String slot, String publication, Set<TableName> names, Evidence evidence) throws SQLException {
        try (var log = ChangeLog.open(watcher, slot, publication)) {
            var rehearsal = new Rehearsal(database, watcher, log, evidence);
            rehearsal.follow(names);
            for (var migration : migrations) {
                if (!rehearsal.bears(migration)) {
                    return false;
                }
                database.reset();
            }
            return true;
        }
    }

    private boolean bears(Migration migration) {
        try {
            run(migration);
            compare(migration);
            return true;
        } catch (SQLException e) {
            // Why it fails is the matter of the run that is judged; with these rows it shows nothing.
            return false;
        }
    }

    private void follow(Set<TableName> names) throws SQLException {
        for (var name : names) {
            var key = new ArrayList<String>();
            long oid = 0;
            try (var statement = watcher.prepareStatement("SELECT i.indrelid, a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)"
                    + " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number WHERE i.indrelid = to_regclass(?) AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place")) {
                statement.setString(1, name.sql());
                try (var row = statement.executeQuery()) {
                    while (row.next()) {
                        oid = row.getLong(1);
                        key.add(row.getString(2));
                    }
                }
            }
            if (!key.isEmpty()) {
                tables.put(oid, new Followed(oid, name, key));
            }
        }
        for (var print : prints().entrySet()) {
            look(tables.get(print.getKey()), print.getValue());
        }
        tables.values().removeIf(t -> t.mirror == null || t.rows > MOST_ROWS);
    }

    private void look(Followed table, String print) throws SQLException {
        table.print = print;
        var rows = rows(table.oid);
        table.rows = rows.size();
        table.mirror = new Mirror(table.key, rows);
    }

    private void run(Migration migration) throws SQLException {
        boolean wrapped = migration.runner().isWrapped();
        if (wrapped) {
            database.execute("BEGIN");
        }
        try {
            for (var statement : migration.statements()) {
                run(statement);
            }
            if (database.isInTransaction()) {
                database.execute(wrapped ? "COMMIT" : "ROLLBACK");
            }
        } catch (SQLException e) {
            if (database.isInTransaction()) {
                database.execute("ROLLBACK");
            }
            if (!wrapped || !NEEDS_NO_TRANSACTION.contains(e.getSQLState())) {
                throw e;
            }
            for (var statement : migration.statements()) {
                run(statement);
            }
        }
    }

    private void run(Statement statement) throws SQLException {
        if (!SILENT.matcher(statement.text()).matches()) {
            statements.add(statement);
            database.text("SELECT pg_logical_emit_message(true, ?, ?)", ChangeLog.PREFIX, Integer.toString(statements.size() - 1));
        }
        database.run(statement);
    }

    private void compare(Migration migration) throws SQLException {
        apply(log.read());
        var prints = prints();
        for (var table : tables.values()) {
            var print = prints.get(table.oid);
            if (print != null && !print.equals(table.print)) {
                compare(migration, table);
                look(table, print);
            }
        }
        tables.values().removeIf(t -> !prints.containsKey(t.oid));
        evidence.rehearsed(migration);
    }

    private void compare(Migration migration, Followed table) throws SQLException {
        var rows = rows(table.oid);
        if (rows.size() > MOST_ROWS || !rows.isEmpty() && !rows.getFirst().keySet().containsAll(table.key)) {
            return;
        }
        for (var column : table.mirror.stale(rows)) {
            evidence.add(migration, new Stale(table.oid, table.name, column, 0, 0));
        }
        long missing = table.mirror.missing(rows);
        long surplus = table.mirror.surplus(rows);
        if (missing + surplus > 0) {
            evidence.add(migration, new Stale(table.oid, table.name, null, missing, surplus));
        }
    }

    /** A statement whose events hit as many rows as there were wrote all of them. */
    private void apply(List<Change> changes) {
        Statement current = null;
        Map<Touch, Long> counts = new HashMap<>();
        for (var change : changes) {
            switch (change) {
                case Change.Mark mark -> {
                    current = statements.get(mark.statement());
                    counts.clear();
                }
                case Change.Row row -> apply(row.table(), change);
                case Change.Update update -> {
                    count(current, new Touch("UPDATE", update.table()), counts);
                    apply(update.table(), change);
                }
                case Change.Delete delete -> {
                    count(current, new Touch("DELETE", delete.table()), counts);
                    apply(delete.table(), change);
                }
                case Change.Truncate truncate -> {
                    if (current != null) {
                        evidence.add(current, new Touch("TRUNCATE", truncate.table()));
                    }
                    apply(truncate.table(), change);
                }
            }
        }
    }

    private void count(Statement statement, Touch touch, Map<Touch, Long> counts) {
        var table = tables.get(touch.table());
        if (statement != null && table != null && counts.merge(touch, 1L, Long::sum) >= Math.max(2, table.rows)) {
            evidence.add(statement, touch);
        }
    }

    private void apply(long oid, Change change) {
        var table = tables.get(oid);
        if (table != null) {
            table.mirror.apply(change);
        }
    }

    /** One value for all rows of a table, for all tables at once; those that are gone are not in it. */
    private Map<Long, String> prints() throws SQLException {
        var prints = new HashMap<Long, String>();
        var names = names();
        if (names.isEmpty()) {
            return prints;
        }
        var sql = names.entrySet().stream().map(e -> "SELECT " + e.getKey() + ", (SELECT array_agg(attname || ' ' || attnum) FROM pg_attribute WHERE attrelid = " + e.getKey()
                + " AND attnum > 0) || md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM (SELECT * FROM " + e.getValue() + " LIMIT " + (MOST_ROWS + 1) + ") t")
                .collect(Collectors.joining(" UNION ALL "));
        try (var statement = watcher.createStatement(); var row = statement.executeQuery(sql)) {
            while (row.next()) {
                prints.put(row.getLong(1), row.getString(2));
            }
        }
        return prints;
    }

    private Map<Long, String> names() throws SQLException {
        var names = new LinkedHashMap<Long, String>();
        if (!tables.isEmpty()) {
            try (var statement = watcher.createStatement();
                    var row = statement.executeQuery("SELECT c.oid, format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ("
                            + tables.keySet().stream().map(String::valueOf).collect(Collectors.joining(", ")) + ")")) {
                while (row.next()) {
                    names.put(row.getLong(1), row.getString(2));
                }
            }
        }
        return names;
    }

    /** Without those columns that no publication carries. */
    private List<Map<String, String>> rows(long oid) throws SQLException {
        var columns = new ArrayList<String>();
        try (var statement = watcher.prepareStatement("SELECT attname FROM pg_attribute WHERE attrelid = ? AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum")) {
            statement.setLong(1, oid);
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    columns.add(row.getString(1));
                }
            }
        }
        var rows = new ArrayList<Map<String, String>>();
        try (var statement = watcher.createStatement();
                var row = statement.executeQuery("SELECT " + columns.stream().map(TableName::quote).collect(Collectors.joining(", ")) + " FROM " + names().get(oid) + " LIMIT " + (MOST_ROWS + 1))) {
            while (row.next()) {
                var values = new LinkedHashMap<String, String>();
                for (int i = 0; i < columns.size(); i++) {
                    values.put(columns.get(i), row.getString(i + 1));
                }
                rows.add(values);
            }
        }
        return rows;
    }
}
