package io.millrace.check;

import io.millrace.check.Finding.Cost;
import io.millrace.check.Report.Fate;
import io.millrace.check.Report.WaiverUse;
import io.millrace.check.catalog.State;
import io.millrace.check.catalog.StateReader;
import io.millrace.check.compatibility.Judge;
import io.millrace.check.compatibility.LocalJudge;
import io.millrace.check.compatibility.RegistryJudge;
import io.millrace.check.rehearsal.Evidence;
import io.millrace.check.rehearsal.Rehearsals;
import io.millrace.check.rule.Context;
import io.millrace.check.rule.SchemaHistory;
import io.millrace.check.rule.Uses;
import io.millrace.check.scratch.Provisioned;
import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Statement;
import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.postgresql.util.PSQLException;

/**
 * Says what migrations would do to replication, by running them in a scratch database.
 *
 * <p>The baseline is made once; each {@link #judge} gets a copy of it, so that checks do not see each other's changes. Not
 * thread-safe.
 */
public final class MigrationCheck implements AutoCloseable {

    /** What the pipeline file's reference may leave open. */
    private static final String USUAL_ROLE = "millrace";
    private static final Pattern MAKES_ROLE = Pattern.compile("(?is)CREATE\\s+(ROLE|USER|GROUP)\\b.*");
    private static final String DUPLICATE_OBJECT = "42710";

    private final ScratchServer server;
    private final CheckRequest request;
    private final Consumer<String> progress;
    private final String source;
    private final String roleName;
    private final Uses uses;
    private final List<String> notes = new ArrayList<>();
    private final String template;
    private final Judge judge;
    private long role;
    /** What the catalog says before the migrations; a copy has the same oids and files. Null until it is first read. */
    private State baseline;
    /** Null where the server's log cannot be read. */
    private Rehearsals rehearsals;

    private MigrationCheck(ScratchServer server, CheckRequest request, Consumer<String> progress) throws SQLException {
        this.server = server;
        this.request = request;
        this.progress = progress;
        this.source = oneSource(request.pipelines());
        this.roleName = request.role() != null ? request.role() : roleOf(request.pipelines().getFirst());
        this.uses = new Uses(request.pipelines());
        this.judge = judging();
        request.pipelines().forEach(file -> file.pipeline().tables().forEach((table, settings) -> {
            if (!settings.transforms().isEmpty()) {
                notes.add("The table " + table + " has transforms; its row schema is judged as it is before them.");
            }
        }));
        this.template = server.create(null);
        baseline();
        if (server.decodes()) {
            this.rehearsals = Rehearsals.prepare(server, template, Topics.publication(source), uses.tables());
        } else {
            notes.add("The scratch server has not wal_level = logical: what happens to old rows without an event was judged by the catalog alone.");
        }
    }

    /**
     * Makes the baseline.
     *
     * @param server stays the caller's, to be closed after this
     * @param progress is told how far it is
     * @throws CheckException when the baseline cannot be made, or the pipelines are not of one source
     */
    public static MigrationCheck prepare(ScratchServer server, CheckRequest request, Consumer<String> progress) {
        try {
            return new MigrationCheck(server, request, progress);
        } catch (SQLException e) {
            throw new CheckException("The scratch database cannot be used: " + e.getMessage(), e);
        }
    }

    private static String oneSource(List<PipelineFile> files) {
        Set<String> names = new TreeSet<>();
        files.forEach(file -> names.add(file.pipeline().source().name()));
        if (names.size() != 1) {
            throw new CheckException(names.isEmpty() ? "There is no pipeline to check for; name its file with --pipeline"
                    : "The pipelines are of several sources, " + String.join(", ", names) + ", and migrations are for one database; name the pipeline files of that one");
        }
        return names.iterator().next();
    }

    private static String roleOf(PipelineFile file) {
        try {
            return file.pipeline().source().user().resolve();
        } catch (IllegalStateException _) {
            return USUAL_ROLE;
        }
    }

    private Judge judging() {
        if (request.registry() == null) {
            return new LocalJudge();
        }
        var registry = new RegistryJudge(request.registry().url(), request.registry().access());
        var away = registry.whyAway();
        if (away == null) {
            return registry;
        }
        registry.close();
        notes.add("The registry at " + request.registry().url() + " cannot be reached (" + away + "): its rules were evaluated locally, against the baseline's schemas only.");
        return new LocalJudge();
    }

    private void baseline() throws SQLException {
        try (var database = ScratchDatabase.open(server, template)) {
            progress.accept("making the baseline: " + request.baseline().description());
            database.execute("SET check_function_bodies = off");
            for (var migration : request.baseline().migrations()) {
                if (request.baseline().anyOrder()) {
                    inAnyOrder(database, migration);
                } else {
                    inOrder(database, migration);
                }
                database.reset();
            }
            role = server.role(roleName, "LOGIN REPLICATION");
            Provisioned.complete(database, source, roleName, uses.tables());
            database.watch();
            server.keepSettings();
        }
    }

    private static void inOrder(ScratchDatabase database, Migration migration) throws SQLException {
        // A dump of a whole server would change the password by which the check itself enters.
        var self = Pattern.compile("(?is)ALTER\\s+(ROLE|USER)\\s+\"?" + Pattern.quote(database.text("SELECT session_user")) + "\"?\\s.*");
        for (var statement : migration.statements()) {
            if (self.matcher(statement.text()).matches()) {
                continue;
            }
            try {
                database.run(statement);
            } catch (SQLException e) {
                // Roles belong to the server, and one that was there before serves as well.
                if (!DUPLICATE_OBJECT.equals(e.getSQLState()) || !MAKES_ROLE.matcher(statement.text()).matches()) {
                    throw refused(statement, e);
                }
            }
        }
    }

    /** Goes over what failed until nothing more can be made. */
    private static void inAnyOrder(ScratchDatabase database, Migration migration) {
        var left = migration.statements();
        while (!left.isEmpty()) {
            var failed = new ArrayList<Statement>();
            SQLException last = null;
            for (var statement : left) {
                try {
                    database.run(statement);
                } catch (SQLException e) {
                    failed.add(statement);
                    last = e;
                }
            }
            if (failed.size() == left.size()) {
                throw refused(failed.getLast(), Objects.requireNonNull(last));
            }
            left = failed;
        }
    }

    private static CheckException refused(Statement statement, SQLException e) {
        var server = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
        int line = server != null && server.getPosition() > 0 ? statement.lineOf(server.getPosition()) : statement.line();
        var remedy = Extensions.isMissing(statement, e) ? "install the extension on the scratch server, or give a server that has it with --scratch URL" : "correct it";
        return new CheckException(statement.file() + ":" + line + ": the baseline cannot be made: " + (server == null ? e.getMessage() : server.getMessage()) + "; " + remedy
                + ". The statement: " + statement.brief(), e);
    }

    /** The same with what the request knows of rows. */
    public Report judge(List<Migration> migrations) {
        return judge(migrations, request.counts());
    }

    /**
     * Runs migrations in a copy of the baseline.
     *
     * @param rows rows and bytes (or -1) of tables in production
     * @throws CheckException when they cannot be judged
     */
    public Report judge(List<Migration> migrations, Map<TableName, Cost> rows) {
        Map<TableName, Cost> counts = new HashMap<>(request.baseline().counts());
        counts.putAll(rows);
        var context = new Context(source, request.pipelines(), uses, judge, counts, request.massRows());
        long begin = System.nanoTime();
        var evidence = evidence(migrations);
        var name = server.create(template);
        try (var database = ScratchDatabase.open(server, name)) {
            server.provision(Topics.slot(source), role, roleName);
            var names = new HashSet<>(uses.tables());
            names.addAll(List.of(Topics.HEARTBEAT, Topics.OUTBOX, Topics.PURGE_AUDIT, Topics.PURGE_OUTCOME, Topics.VERIFICATION, Topics.RETENTION_RUN, Topics.SUBJECT_ERASURE, Topics.ENRICHMENT_TAKEN));
            var reader = new StateReader(names, Topics.publication(source), Topics.slot(source), role, server::named);
            var before = baseline == null ? reader.read(database.connection()) : reader.from(baseline);
            baseline = before;
            var state = before;
            var history = new SchemaHistory(context, state);
            var findings = new ArrayList<Finding>();
            int done = 0;
            int statements = 0;
            boolean failed = false;
            for (var migration : migrations) {
                progress.accept(++done + "/" + migrations.size() + " " + migration.name());
                var run = new MigrationRun(database, reader, context, history, evidence, migration, state);
                for (var found : run.run()) {
                    findings.add(finding(database, found, migration));
                }
                state = run.after();
                statements += migration.statements().size();
                if (run.hasFailed()) {
                    failed = true;
                    break;
                }
                if (done < migrations.size()) {
                    database.reset();
                    database.watch();
                }
            }
            var said = new ArrayList<>(notes);
            said.addAll(names(server.named(), evidence, migrations.subList(0, failed ? done - 1 : done)));
            if (failed && done < migrations.size()) {
                said.add("Not checked, since " + migrations.get(done - 1).name() + " failed: " + Counted.of(migrations.size() - done, "migration") + " after it.");
            }
            requireWhole(before, state, failed);
            withdrawEarlyWords(findings, before, state);
            return new Report(List.copyOf(findings), waivers(migrations.subList(0, done), findings), said, done, statements, uses.tables().size(), context.judge().describe(),
                    Duration.ofNanos(System.nanoTime() - begin));
        } catch (SQLException e) {
            throw new CheckException("The scratch database failed: " + e.getMessage(), e);
        } finally {
            server.drop(name);
        }
    }

    private List<String> names(Set<String> databases, Evidence evidence, List<Migration> run) {
        var said = new ArrayList<String>();
        if (!databases.isEmpty()) {
            said.add("The migrations name the database " + String.join(", ", databases) + "; one of that name was made, and what is done to it counts as done to the source's.");
        }
        if (rehearsals != null) {
            if (!evidence.emptyTables().isEmpty()) {
                said.add("No row could be made up for " + String.join(", ", evidence.emptyTables().stream().map(TableName::toString).sorted().toList()) + ": what happens to old rows there was judged by the catalog alone.");
            }
            run.stream().filter(m -> !evidence.isRehearsed(m)).findFirst().ifPresent(m -> said.add(m.name()
                    + " fails with the rows that were made up, whatever rows these were: from there on what happens to old rows was judged by the catalog alone."));
        }
        return said;
    }

    private Evidence evidence(List<Migration> migrations) {
        try {
            return rehearsals == null ? new Evidence() : rehearsals.rehearse(migrations, () -> server.provision(Topics.slot(source), role, roleName), progress);
        } catch (SQLException e) {
            throw new CheckException("The scratch database failed: " + e.getMessage(), e);
        }
    }

    /** What a pipeline file names must be there before the migrations, or after them. */
    private void requireWhole(State before, State after, boolean failed) {
        if (failed) {
            return;
        }
        var dangling = new ArrayList<String>();
        for (var file : request.pipelines()) {
            var later = new HashSet<>(CatalogCheck.check(file, after.catalog()));
            CatalogCheck.check(file, before.catalog()).stream().filter(later::contains).map(Problem::toString).forEach(dangling::add);
        }
        if (!dangling.isEmpty()) {
            throw new CheckException("The pipeline files do not fit the schema, neither before the migrations nor after them:\n  " + String.join("\n  ", dangling));
        }
    }

    /** A table that these migrations make may get its key by a later statement; what counts is whether it has one in the end. */
    private static void withdrawEarlyWords(List<Finding> findings, State before, State after) {
        findings.removeIf(finding -> {
            var table = finding.rule() == Rule.NO_PRIMARY_KEY ? after.table(finding.table()) : null;
            return table != null && !table.primaryKey().isEmpty() && !before.tables().containsKey(table.oid());
        });
    }

    private Finding finding(ScratchDatabase database, MigrationRun.Found found, Migration migration) throws SQLException {
        var draft = found.draft();
        var cost = draft.cost();
        if (cost != null && cost.rows() > 0 && cost.bytes() < 0) {
            cost = new Cost(cost.rows(), cost.rows() * Widths.of(database, draft.table()));
        }
        var finding = new Finding(draft.rule(), draft.level(), found.statement(), draft.table(), draft.column(), draft.message(), draft.impacts(), draft.rule().safe(), cost, null);
        var waiver = waiver(finding, migration);
        return waiver == null ? finding : finding.waivedBy(waiver);
    }

    /** The waiver before a statement, in it, or behind it on its last line. */
    private static Waiver waiver(Finding finding, Migration migration) {
        var statement = finding.statement();
        int after = migration.statements().stream().filter(s -> s.endLine() < statement.line()).mapToInt(Statement::endLine).max().orElse(0);
        return migration.waivers().stream()
                .filter(w -> w.rule() == finding.rule() && w.line() > after && w.line() <= statement.endLine() && !w.isExpired(LocalDate.now()))
                .findFirst().orElse(null);
    }

    private static List<WaiverUse> waivers(List<Migration> migrations, List<Finding> findings) {
        var uses = new ArrayList<WaiverUse>();
        for (var migration : migrations) {
            for (var waiver : migration.waivers()) {
                boolean used = findings.stream().anyMatch(f -> waiver.equals(f.waiver()));
                uses.add(new WaiverUse(waiver, used ? Fate.USED : waiver.isExpired(LocalDate.now()) ? Fate.EXPIRED : Fate.UNUSED));
            }
        }
        return uses;
    }

    @Override
    public void close() {
        try (judge) {
            if (rehearsals != null) {
                rehearsals.close();
            }
            server.drop(template);
        }
    }
}
