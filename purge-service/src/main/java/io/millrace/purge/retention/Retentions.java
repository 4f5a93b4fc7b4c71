package io.millrace.purge.retention;

import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.retention.Holding;
import io.millrace.pipeline.retention.RetentionOrder;
import io.millrace.pipeline.sql.JoinSql;
import io.millrace.pipeline.wording.Counted;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * Decides what time it is for a pipeline's documents. Each decision is one transaction, of which all instances make one at a time: it counts what would change, and either commits the order for the log, or holds it for a
 * person. Thread-safe.
 */
@ApplicationScoped
class Retentions {

    /** Instances with the file of before may run beside those with a new one for so long; they would take each other's orders back. */
    private static final Duration TAKEOVER = Duration.ofMinutes(1);
    private static final Logger LOG = Logger.getLogger(Retentions.class);
    private static final String LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('millrace.retention ' || ?, 0))";
    private static final String SETTINGS = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL row_security = off; SET LOCAL statement_timeout = ";
    private static final String COUNT = "SELECT count(*) FILTER (WHERE now), count(*) FILTER (WHERE now AND NOT would), count(*) FILTER (WHERE would AND NOT now) FROM (";
    private static final int EXAMPLES = 10;
    private static final String CANCELED = "57014";
    /** So many more may leave at the confirmation than at the look that it confirms, in percent. */
    private static final int MORE = 10;

    private final AgroalDataSource database;
    private final PurgeConfig config;
    private final Pipelines pipelines;
    private final MeterRegistry meters;
    /** By pipeline, the last look of time's that led to nothing: a count over all documents is not begun again at once. */
    private final Map<String, Look> looks = new ConcurrentHashMap<>();

    Retentions(AgroalDataSource database, PurgeConfig config, Pipelines pipelines, MeterRegistry meters) {
        this.database = database;
        this.config = config;
        this.pipelines = pipelines;
        this.meters = meters;
    }

    private record Look(List<RetentionRule> rules, Instant at) {}

    /** What is asked or done over one connection. */
    interface Work<T> {
        T in(Connection connection) throws SQLException;
    }

    private <T> T transaction(Pipeline pipeline, Work<T> work) throws SQLException {
        try (var connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try (var settings = connection.createStatement(); var lock = connection.prepareStatement(LOCK)) {
                settings.execute(SETTINGS + config.verification().statementTimeout().toMillis());
                lock.setString(1, pipeline.name());
                lock.execute();
                var result = work.in(connection);
                connection.commit();
                return result;
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    <T> T read(Work<T> work) throws SQLException {
        try (var connection = database.getConnection()) {
            return work.in(connection);
        }
    }

    /** What the file asks for; none where it asks for nothing. */
    private static List<RetentionRule> wanted(Pipeline pipeline) {
        return pipeline.retention() == null ? List.of() : pipeline.retention().rules();
    }

    private static double hold(Pipeline pipeline) {
        return pipeline.retention() == null ? 1 : pipeline.retention().hold();
    }

    /** What a run would do now. */
    Standing standing(Pipeline pipeline) throws SQLException {
        return transaction(pipeline, connection -> {
            var holding = Holding.of(connection, pipeline);
            var catalog = catalog(connection, pipeline);
            var order = new RetentionOrder(now(connection), wanted(pipeline));
            var impact = impact(connection, pipeline, catalog, holding, order);
            return new Standing(pipeline.name(), RunBook.texts(order.rules()), holding == null ? null : RunBook.texts(holding.rules()), holding == null ? null : holding.asOf(), order.asOf(), impact,
                    examples(connection, pipeline, catalog, holding, order, "now AND NOT would"), examples(connection, pipeline, catalog, holding, order, "would AND NOT now"), impact.isHeld(hold(pipeline)),
                    RunBook.held(connection, pipeline.name()).map(RunBook.Entry::run).orElse(null));
        });
    }

    /**
     * Orders what is due, or holds it for a person.
     *
     * @param since how long the last order, and the last look that led to nothing, must be ago; an order with other rules than the file's, {@link #TAKEOVER} at most
     * @return the run; empty where nothing is due, or one waits for a person already
     * @throws RefusedException when it cannot be told what is due
     */
    Optional<Run> run(Pipeline pipeline, String by, Duration since) throws SQLException {
        return transaction(pipeline, connection -> {
            var holding = Holding.of(connection, pipeline);
            var rules = wanted(pipeline);
            boolean isOther = !rules.equals(holding == null ? List.of() : holding.rules());
            var held = RunBook.held(connection, pipeline.name());
            var now = now(connection);
            if (held.isPresent() && held.get().order().rules().equals(rules)) {
                return Optional.empty();
            }
            if (held.isPresent()) {
                RunBook.drop(connection, pipeline.name());
            }
            var apart = isOther && since.compareTo(TAKEOVER) > 0 ? TAKEOVER : since;
            if (!isOther && rules.isEmpty() || holding != null && holding.asOf().plus(apart).isAfter(now) || isLookedAt(pipeline, rules, now, since)) {
                return Optional.empty();
            }
            var order = new RetentionOrder(now, rules);
            var impact = counted(connection, pipeline, holding, order);
            if (impact.isNothing() && !isOther) {
                looks.put(pipeline.name(), new Look(rules, now));
                return Optional.empty();
            }
            var state = impact.isHeld(hold(pipeline)) ? RunState.HELD : RunState.ORDERED;
            var id = RunBook.enter(connection, pipeline.name(), order, impact, state, by);
            if (state == RunState.ORDERED) {
                order(connection, pipeline, id, order, impact);
            } else {
                LOG.warnf("Retention %s of the pipeline %s is held: %d of %s would leave, more than %.0f %%. A person looks at it (./millrace retention %s) and confirms it, or corrects the file", id, pipeline.name(), impact.leaving(),
                        Counted.of(impact.shown(), "document"), hold(pipeline) * 100, pipeline.name());
            }
            return RunBook.find(connection, id).map(RunBook.Entry::run);
        });
    }

    private boolean isLookedAt(Pipeline pipeline, List<RetentionRule> rules, Instant now, Duration since) {
        var look = looks.get(pipeline.name());
        return look != null && look.rules.equals(rules) && look.at.plus(since).isAfter(now);
    }

    private Impact counted(Connection connection, Pipeline pipeline, RetentionOrder before, RetentionOrder after) throws SQLException {
        try {
            return impact(connection, pipeline, catalog(connection, pipeline), before, after);
        } catch (SQLException e) {
            if (CANCELED.equals(e.getSQLState())) {
                looks.put(pipeline.name(), new Look(after.rules(), after.asOf()));
            }
            throw e;
        }
    }

    /**
     * Orders what was held, as of now: what it was held at may be before an order of the pipeline that this one replaces.
     *
     * @return the run; empty where there is none with this id
     * @throws RefusedException when it is not held, or would do something else than the person has seen
     */
    Optional<Run> confirm(UUID id, String by, String reason) throws SQLException {
        var known = read(connection -> RunBook.find(connection, id));
        if (known.isEmpty()) {
            return Optional.empty();
        }
        var pipeline = pipelines.all().stream().filter(p -> p.name().equals(known.get().run().pipeline())).findFirst()
                .orElseThrow(() -> new RefusedException("the pipeline '" + known.get().run().pipeline() + "' is not served here any more", "add its file to millrace.purge.pipelines"));
        var changed = new ArrayList<String>();
        var confirmed = transaction(pipeline, connection -> {
            var entry = RunBook.find(connection, id).orElseThrow();
            if (entry.run().state() != RunState.HELD) {
                throw new RefusedException("it does not wait for anybody, its state is " + entry.run().state().text(), "there is nothing to do");
            }
            if (!entry.order().rules().equals(wanted(pipeline))) {
                throw new RefusedException("the file asks for other rules by now", "look again at GET /pipelines/" + pipeline.name() + "/retention; the next run is of the new rules");
            }
            if (config.retention().secondPerson() && entry.run().requestedBy().equals(by)) {
                throw new RefusedException("'" + by + "' asked for it, and another person must confirm it (millrace.purge.retention.second-person)", "have somebody else look at it and confirm it");
            }
            var order = new RetentionOrder(now(connection), entry.order().rules());
            var impact = impact(connection, pipeline, catalog(connection, pipeline), Holding.of(connection, pipeline), order);
            if (impact.leaving() > entry.run().impact().leaving() * (100 + MORE) / 100) {
                RunBook.recount(connection, id, impact);
                changed.add(Counted.of(impact.leaving(), "document") + " would leave by now, where you have seen " + entry.run().impact().leaving());
                return entry.run();
            }
            RunBook.confirm(connection, id, order, impact, by, reason);
            order(connection, pipeline, id, order, impact);
            return RunBook.find(connection, id).orElseThrow().run();
        });
        if (!changed.isEmpty()) {
            throw new RefusedException(changed.getFirst(), "look again, and confirm it again if it is right");
        }
        return Optional.of(confirmed);
    }

    private void order(Connection connection, Pipeline pipeline, UUID id, RetentionOrder order, Impact impact) throws SQLException {
        RunBook.order(connection, pipeline.name(), order);
        meters.counter("millrace.documents.retired", "stage", "purge", "pipeline", pipeline.name()).increment(impact.leaving());
        LOG.infof("Retention %s of the pipeline %s is ordered as of %s: %d of %s leave, %d come back", id, pipeline.name(), order.asOf(), impact.leaving(), Counted.of(impact.shown(), "document"), impact.returning());
    }

    /** The clock is the database's: all instances have one, and rows are stamped by it too. */
    private static Instant now(Connection connection) throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery("SELECT clock_timestamp()")) {
            row.next();
            return row.getObject(1, OffsetDateTime.class).toInstant();
        }
    }

    private Catalog catalog(Connection connection, Pipeline pipeline) throws SQLException {
        for (var table : pipeline.tableNames()) {
            if (pipelines.all().stream().map(p -> p.tables().get(table)).anyMatch(settings -> settings != null && !settings.transforms().isEmpty())) {
                throw new RefusedException("the rows of " + table + " go through transforms on their way, so that no SQL can count what leaves", "take the retention out, or the transforms");
            }
        }
        var catalog = CatalogReader.read(connection, pipeline.tableNames());
        var missing = pipeline.tableNames().stream().filter(t -> !catalog.tables().containsKey(t)).toList();
        if (!missing.isEmpty()) {
            throw new RefusedException("the database has no table " + missing.getFirst(), "correct the pipeline's file, or the database that it names");
        }
        return catalog;
    }

    private static Impact impact(Connection connection, Pipeline pipeline, Catalog catalog, RetentionOrder before, RetentionOrder after) throws SQLException {
        if (before != null && !after.asOf().isAfter(before.asOf())) {
            throw new RefusedException("the time that holds, " + before.asOf() + ", is not before " + after.asOf(), "wait, or correct the database's clock: time does not go back for documents");
        }
        try (var statement = connection.createStatement(); var row = statement.executeQuery(COUNT + compared(pipeline, catalog, before, after) + ") r")) {
            row.next();
            return new Impact(row.getLong(1), row.getLong(2), row.getLong(3));
        }
    }

    private static String compared(Pipeline pipeline, Catalog catalog, RetentionOrder before, RetentionOrder after) {
        try {
            return JoinSql.compared(pipeline, catalog, before, after);
        } catch (IllegalStateException e) {
            throw new RefusedException("the documents cannot be said in SQL: " + e.getMessage(), "give the purge service the keys of hashed columns that capture has");
        }
    }

    private static List<String> examples(Connection connection, Pipeline pipeline, Catalog catalog, RetentionOrder before, RetentionOrder after, String which) throws SQLException {
        var sql = "SELECT key FROM (" + compared(pipeline, catalog, before, after) + ") r WHERE " + which + " ORDER BY key LIMIT " + EXAMPLES;
        try (var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            var ids = new ArrayList<String>();
            while (rows.next()) {
                ids.add(DocumentId.of(List.of((String[]) rows.getArray(1).getArray())));
            }
            return ids;
        }
    }
}
