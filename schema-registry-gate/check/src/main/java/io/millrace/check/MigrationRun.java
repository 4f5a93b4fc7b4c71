package io.millrace.check;

import io.millrace.check.catalog.State;
import io.millrace.check.catalog.StateReader;
import io.millrace.check.rehearsal.Evidence;
import io.millrace.check.rule.Context;
import io.millrace.check.rule.Differences;
import io.millrace.check.rule.Draft;
import io.millrace.check.rule.SchemaHistory;
import io.millrace.check.rule.Unseen;
import io.millrace.check.rule.Writes;
import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Migration.Runner;
import io.millrace.check.script.Statement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.postgresql.util.PSQLException;

/** Runs one migration in the scratch database as its runner would, and finds what it does. Used once. */
final class MigrationRun {

    private static final Pattern CONTROL = Pattern.compile("(?is)(BEGIN|START\\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE\\s+TRANSACTION)\\b.*");
    /** Statements that write no row. */
    private static final Pattern SILENT = Pattern.compile("(?is)(BEGIN|START\\s+TRANSACTION|SET|RESET|SHOW|ROLLBACK|ABORT|SAVEPOINT|RELEASE|LOCK)\\b.*");
    /** Statements that leave the catalog as it is, unless they call what changes it. */
    private static final Pattern QUIET = Pattern.compile("(?is)(SET|RESET|SHOW|BEGIN|START|SAVEPOINT|RELEASE|INSERT|UPDATE|DELETE|MERGE|COPY|ANALYZE|LOCK)\\b.*");
    /** What writes to the catalog itself fires no trigger. */
    private static final Pattern CATALOG = Pattern.compile("(?i)\\bpg_[a-z]");
    private static final Set<String> NEEDS_NO_TRANSACTION = Set.of("25001", "2D000");
    private static final String SYNTAX_ERROR = "42601";

    /** What happened between two moments at which nothing was open. */
    private final class Unit {

        final State begin = now;
        final Set<Long> truncated = new HashSet<>();
        final Map<Draft.Key, Statement> first = new HashMap<>();
        final Map<Statement, List<Draft>> events = new LinkedHashMap<>();
        List<Draft> differences = List.of();

        /** What the statement has done up to now; a finding belongs to the statement with which it appeared for good. */
        void observe(Statement statement, List<Draft> events, boolean changesCatalog) throws SQLException {
            if (!events.isEmpty()) {
                this.events.computeIfAbsent(statement, _ -> new ArrayList<>()).addAll(events);
            }
            if (changesCatalog) {
                compare(statement);
            }
        }

        private void compare(Statement statement) throws SQLException {
            var last = now;
            now = reader.read(database.connection());
            last.tables().forEach((oid, table) -> {
                if (!table.columns().isEmpty() && !table.equals(now.tables().get(oid))) {
                    changedBy.put(oid, statement);
                }
            });
            now.tables().keySet().stream().filter(oid -> !begin.tables().containsKey(oid)).forEach(born::add);
            noteFilled();
            var drafts = new ArrayList<>(Differences.of(context, begin, now, born, truncated, filled));
            drafts.addAll(history.judge(now));
            differences = drafts;
            Set<Draft.Key> keys = new HashSet<>();
            drafts.forEach(draft -> keys.add(draft.key()));
            first.keySet().retainAll(keys);
            keys.forEach(key -> first.putIfAbsent(key, statement));
        }

        /** Rows that a new table has when it becomes a partition came without events; later ones do not. */
        private void noteFilled() throws SQLException {
            for (var table : now.tables().values()) {
                if (table.partition() && born.contains(table.oid()) && joined.add(table.oid()) && database.text("SELECT 1 FROM " + table.name().sql() + " LIMIT 1") != null) {
                    filled.add(table.oid());
                }
            }
        }

        void end() {
            differences.forEach(draft -> found.add(new Found(first.get(draft.key()), draft)));
            events.forEach((statement, drafts) -> drafts.forEach(draft -> found.add(new Found(statement, draft))));
            if (now != begin) {
                history.reported(now);
                history.remember(now, born);
            }
        }
    }

    /** A finding with its statement. */
    record Found(Statement statement, Draft draft) {}

    private final ScratchDatabase database;
    private final StateReader reader;
    private final Context context;
    private final SchemaHistory history;
    private final Migration migration;
    private final Evidence evidence;
    private final State before;
    /** By the table's oid, the last statement after which its rows were in another file, or its columns were others. */
    private final Map<Long, Statement> changedBy = new HashMap<>();
    private final Map<Long, Statement> convertedBy = new HashMap<>();
    private final List<Found> found = new ArrayList<>();
    private final Set<Long> born = new HashSet<>();
    private final Set<Long> joined = new HashSet<>();
    private final Set<Long> filled = new HashSet<>();
    /** The statements that Postgres refused to run in a transaction. */
    private final Set<Statement> unwrapped = new LinkedHashSet<>();
    private State now;
    private boolean failed;

    MigrationRun(ScratchDatabase database, StateReader reader, Context context, SchemaHistory history, Evidence evidence, Migration migration, State before) {
        this.database = database;
        this.reader = reader;
        this.context = context;
        this.history = history;
        this.migration = migration;
        this.evidence = evidence;
        this.before = before;
        this.now = before;
    }

    /** @throws CheckException when the migration is no SQL, or needs what the scratch server does not have */
    List<Found> run() throws SQLException {
        boolean wrapped = migration.runner().isWrapped();
        if (!wrapped || !inOneTransaction()) {
            oneByOne();
            explainUnwrapped();
        }
        if (!failed) {
            lookOnceMore();
            unseen();
        }
        history.remember(now, Set.of());
        return List.copyOf(found);
    }

    /** Whatever came last, and whatever it called: the catalog at the end is what counts. */
    private void lookOnceMore() throws SQLException {
        if (!migration.statements().isEmpty()) {
            var unit = new Unit();
            unit.observe(migration.statements().getLast(), List.of(), true);
            unit.end();
        }
    }

    /** What the log does not tell of old rows. */
    private void unseen() {
        var unseen = new Unseen(context, before, now);
        for (var stale : evidence.stale(migration)) {
            found.replaceAll(f -> unseen.isTooWeak(f.draft(), stale) ? new Found(f.statement(), unseen.strengthened(f.draft(), stale.name())) : f);
            if (!unseen.isSaid(stale, found.stream().map(Found::draft).toList())) {
                found.add(new Found(changedBy.getOrDefault(stale.table(), migration.statements().getLast()), unseen.draft(stale)));
            }
        }
        convertedBy.forEach((oid, statement) -> {
            var was = before.tables().get(oid);
            var after = now.tables().get(oid);
            boolean told = was == null || after == null || found.stream().anyMatch(f -> was.name().equals(f.draft().table()) && (f.draft().rule() == Rule.ROWS_WITHOUT_EVENT || f.draft().rule() == Rule.COLUMN_RETYPED));
            if (!told) {
                unseen.converted(was, after).forEach(draft -> found.add(new Found(statement, draft)));
            }
        });
    }

    State after() {
        return now;
    }

    /** Whether the rest cannot be run, because this one failed. */
    boolean hasFailed() {
        return failed;
    }

    /** False where a statement bears no transaction; nothing has happened then. */
    private boolean inOneTransaction() throws SQLException {
        var begin = now;
        var unit = new Unit();
        database.execute("BEGIN");
        for (var statement : migration.statements()) {
            try {
                execute(statement, unit);
            } catch (SQLException e) {
                database.execute("ROLLBACK");
                now = begin;
                born.clear();
                changedBy.clear();
                convertedBy.clear();
                if (NEEDS_NO_TRANSACTION.contains(e.getSQLState())) {
                    return false;
                }
                fail(statement, e);
                return true;
            }
        }
        database.execute("COMMIT");
        unit.end();
        return true;
    }

    private void oneByOne() throws SQLException {
        Unit unit = null;
        for (var statement : migration.statements()) {
            boolean open = database.isInTransaction();
            unit = open && unit != null ? unit : new Unit();
            try {
                if (open || CONTROL.matcher(statement.text()).matches()) {
                    execute(statement, unit);
                } else {
                    alone(statement, unit);
                }
            } catch (SQLException e) {
                if (database.isInTransaction()) {
                    database.execute("ROLLBACK");
                }
                now = reader.read(database.connection());
                fail(statement, e);
                return;
            }
            if (!database.isInTransaction()) {
                unit.end();
                unit = null;
            }
        }
        if (database.isInTransaction()) {
            database.execute("ROLLBACK");
            now = reader.read(database.connection());
            found.add(new Found(migration.statements().getLast(), draft(Rule.MIGRATION_FAILS, Rule.MIGRATION_FAILS.level(), "The file ends inside a transaction that it began, so all of that is rolled back; end it with COMMIT.")));
            failed = true;
        }
    }

    /** In a transaction of its own, to learn whether it bears one. */
    private void alone(Statement statement, Unit unit) throws SQLException {
        database.execute("BEGIN");
        try {
            execute(statement, unit);
            database.execute("COMMIT");
        } catch (SQLException e) {
            database.execute("ROLLBACK");
            if (!NEEDS_NO_TRANSACTION.contains(e.getSQLState())) {
                throw e;
            }
            unwrapped.add(statement);
            execute(statement, unit);
        }
    }

    private void execute(Statement statement, Unit unit) throws SQLException {
        var writes = new Writes(context, database, statement);
        long rows = database.run(statement);
        boolean quiet = QUIET.matcher(statement.text()).matches() && !CATALOG.matcher(statement.text()).find();
        // A question between BEGIN and SET TRANSACTION would make the latter fail.
        if (SILENT.matcher(statement.text()).matches()) {
            unit.observe(statement, List.of(), !quiet);
        } else {
            var touches = database.touched();
            touches.addAll(evidence.writes(statement).stream().filter(t -> !touches.contains(t)).toList());
            touches.stream().filter(t -> t.operation().equals("CONVERT")).forEach(t -> convertedBy.put(t.table(), statement));
            touches.stream().filter(t -> t.operation().equals("TRUNCATE")).forEach(t -> unit.truncated.add(t.table()));
            unit.observe(statement, writes.judge(touches, rows, now, born), !quiet || touches.stream().anyMatch(t -> t.operation().equals("DDL")));
        }
    }

    private void fail(Statement statement, SQLException e) {
        var server = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
        int line = server != null && server.getPosition() > 0 ? statement.lineOf(server.getPosition()) : statement.line();
        var message = server == null ? e.getMessage() : server.getMessage() + (server.getDetail() == null ? "" : " (" + server.getDetail() + ")") + (server.getHint() == null ? "" : " Hint: " + server.getHint());
        var where = statement.file() + ":" + line + ": ";
        if (SYNTAX_ERROR.equals(e.getSQLState())) {
            throw new CheckException(where + "this is no SQL that Postgres understands: " + message);
        }
        if (Extensions.isMissing(statement, e)) {
            throw new CheckException(where + "the migration needs an extension that the scratch server does not have: " + message + ". Install it there, or give a server that has it with --scratch URL");
        }
        failed = true;
        var at = new Statement(statement.file(), line, statement.endLine(), statement.text(), null);
        found.add(new Found(at, draft(Rule.MIGRATION_FAILS, Rule.MIGRATION_FAILS.level(), "Postgres says: " + message + " (SQL state " + e.getSQLState() + ").")));
    }

    private void explainUnwrapped() {
        if (unwrapped.isEmpty()) {
            return;
        }
        var statement = unwrapped.iterator().next();
        boolean mixed = unwrapped.size() < migration.statements().size();
        switch (migration.runner()) {
            case LIQUIBASE -> found.add(new Found(statement, draft(Rule.NOT_IN_TRANSACTION, Level.BREAKS,
                    "Liquibase runs the changeset in a transaction, in which Postgres refuses this statement; write runInTransaction:false behind its id.")));
            case WRAPPED -> found.add(new Found(statement, draft(Rule.NOT_IN_TRANSACTION, Level.BREAKS,
                    "The file is run in a transaction, in which Postgres refuses this statement; say in the file that it runs without one (-- +goose NO TRANSACTION, -- migrate:up transaction:false, -- +migrate Up notransaction), "
                            + "or put the statement into a file of its own.")));
            case FLYWAY -> {
                if (mixed) {
                    found.add(new Found(statement, draft(Rule.NOT_IN_TRANSACTION, Rule.NOT_IN_TRANSACTION.level(),
                            "This statement bears no transaction and others of the file do: Flyway refuses such a mixture unless it is allowed, and a failure half-way leaves the file half done.")));
                }
            }
            case PLAIN, UNWRAPPED -> {
                if (mixed) {
                    found.add(new Found(statement, draft(Rule.NOT_IN_TRANSACTION, Level.FINE, "This statement bears no transaction, so the file cannot run in one: a failure half-way leaves it half done.")));
                }
            }
        }
    }

    private static Draft draft(Rule rule, Level level, String message) {
        return new Draft(rule, level, null, null, message, List.of(), null);
    }
}
