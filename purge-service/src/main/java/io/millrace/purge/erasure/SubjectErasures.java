package io.millrace.purge.erasure;

import io.debezium.outbox.quarkus.ExportedEvent;
import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Subject;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.subject.SubjectKey;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.enrichment.Enrichments;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.source.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.core.Response.Status;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.hibernate.Session;
import org.hibernate.jdbc.ReturningWork;

/**
 * Writes down who is to be erased, and has the log carry it: audit and order are one transaction, in which what was added to the documents that go is taken away. The key goes as a hash from here on.
 * Thread-safe.
 */
@ApplicationScoped
class SubjectErasures {

    private static final String ERASING = "Erasing";
    private static final String WITHDRAWING = "Withdrawing";
    /** The class of SQL states that say what is wrong with a value, and the state of a statement that took too long. */
    private static final String DATA = "22";
    private static final String CANCELED = "57014";

    private final EntityManager entities;
    private final Event<ExportedEvent<?, ?>> outbox;
    private final Enrichments enrichments;
    private final Pipelines pipelines;
    private final PurgeConfig config;

    SubjectErasures(EntityManager entities, Event<ExportedEvent<?, ?>> outbox, Enrichments enrichments, Pipelines pipelines, PurgeConfig config) {
        this.entities = entities;
        this.outbox = outbox;
        this.enrichments = enrichments;
        this.pipelines = pipelines;
        this.config = config;
    }

    /**
     * Orders an erasure.
     *
     * @param idempotencyKey makes the request idempotent
     * @return the erasure, an earlier one where the Idempotency-Key was used for the same request before
     * @throws ProblemException when nobody can be erased so; nothing is done then
     */
    @Transactional
    SubjectErasure request(SubjectRequest asked, String by, String idempotencyKey) {
        var on = "a subject '" + asked.subject() + "'";
        var known = names();
        if (!known.contains(asked.subject())) {
            throw new ProblemException(Problem.of(Status.NOT_FOUND, ERASING, on, "no pipeline file names such a subject; known are " + String.join(", ", known), "name one of these, or add it under subjects in the pipeline files", List.copyOf(known)));
        }
        var places = places(asked.subject());
        return written(in(connection -> {
            limit(connection, config.verification().statementTimeout().toMillis());
            var catalog = CatalogReader.read(connection, tables(asked.subject(), places));
            var type = type(asked.subject(), places, catalog, on);
            var key = canonical(connection, asked.key(), type);
            var hash = SubjectKey.hash(asked.subject(), key);
            var id = UUID.randomUUID();
            var found = found(connection, places, catalog, key, type);
            if (!SubjectBook.enter(connection, id, asked.subject(), hash, by, asked.reason().strip(), idempotencyKey, found.remove(key))) {
                return repeated(connection, asked, hash, by, idempotencyKey, on);
            }
            enrichments.forget(connection, naming(asked.subject()), asked.subject(), key, type);
            for (var other : found.entrySet()) {
                forgetAlso(connection, asked, SubjectKey.hash(asked.subject(), other.getKey()), by, idempotencyKey, other.getValue());
            }
            return order(SubjectBook.find(connection, id).orElseThrow(), SubjectKey.FORGET);
        }));
    }

    /**
     * Ends an erasure: what the source has of the subject comes back.
     *
     * @return empty where there is none with this id
     * @throws ProblemException when it has ended already
     */
    @Transactional
    Optional<SubjectErasure> withdraw(UUID id, String by, String reason) {
        var on = "the erasure '" + id + "'";
        return find(id).map(before -> written(in(connection -> {
            if (!SubjectBook.end(connection, id, by + ", because of: " + reason)) {
                throw new ProblemException(Problem.of(Status.CONFLICT, WITHDRAWING, on, "it has ended already, by " + before.endedBy(), "there is nothing to do"));
            }
            return order(SubjectBook.find(connection, id).orElseThrow(), SubjectKey.REMEMBER);
        })));
    }

    /** Notes that no search shows the subject any more. */
    @Transactional
    void hide(UUID id, String proof, Long kept) {
        read(connection -> SubjectBook.hide(connection, id, proof, kept));
    }

    /** What is asked over one connection, in a transaction where one is open. */
    interface Question<T> {
        T ask(Connection connection) throws SQLException;
    }

    @Transactional
    <T> T read(Question<T> question) {
        return in(question);
    }

    /**
     * The erasures of the subjects that the files name, the newest first.
     *
     * @param pipeline its subjects only, null for all
     * @param state null for any
     * @param before null for the newest
     */
    @Transactional
    List<SubjectErasure> list(State state, String pipeline, Instant before, int limit) {
        var names = pipeline == null ? names() : pipelines.all().stream().filter(p -> p.name().equals(pipeline)).flatMap(p -> p.subjects().keySet().stream()).toList();
        // A source that has no subjects may have no table of them either.
        return names.isEmpty() ? List.of() : read(connection -> SubjectBook.list(connection, names, state, before, limit));
    }

    @Transactional
    Optional<SubjectErasure> find(UUID id) {
        return names().isEmpty() ? Optional.empty() : read(connection -> SubjectBook.find(connection, id));
    }

    /** The names of all subjects. */
    Set<String> names() {
        var names = new LinkedHashSet<String>();
        pipelines.all().forEach(pipeline -> names.addAll(pipeline.subjects().keySet()));
        return names;
    }

    /** The pipelines whose documents a subject may stand in. */
    List<Pipeline> naming(String subject) {
        return pipelines.all().stream().filter(pipeline -> pipeline.subjects().containsKey(subject)).toList();
    }

    private <T> T in(Question<T> question) {
        var session = entities.unwrap(Session.class);
        session.flush();
        return session.doReturningWork((ReturningWork<T>) question::ask);
    }

    /** The extension's row would otherwise be written at the commit, where its failure has no name. */
    private SubjectErasure written(SubjectErasure erasure) {
        entities.flush();
        return erasure;
    }

    /** The same erasure for a key that the database takes for the one that was asked for, though it is written otherwise: rows are known by its text. One that stands already stands. */
    private void forgetAlso(Connection connection, SubjectRequest asked, String hash, String by, String idempotencyKey, Map<String, Long> found) throws SQLException {
        var id = UUID.randomUUID();
        if (SubjectBook.enter(connection, id, asked.subject(), hash, by, asked.reason().strip(), idempotencyKey + " " + hash, found)) {
            order(SubjectBook.find(connection, id).orElseThrow(), SubjectKey.FORGET);
        }
    }

    private SubjectErasure order(SubjectErasure erasure, String type) {
        outbox.fire(new SubjectOrder(erasure.id(), type, erasure.subject(), erasure.keyHash(), erasure.endedAt() == null ? erasure.requestedAt() : erasure.endedAt()));
        return erasure;
    }

    private SubjectErasure repeated(Connection connection, SubjectRequest asked, String hash, String by, String idempotencyKey, String on) throws SQLException {
        var earlier = SubjectBook.ofKey(connection, idempotencyKey).orElse(null);
        if (earlier == null) {
            var standing = SubjectBook.standing(connection, asked.subject(), hash).map(e -> e.id().toString()).orElse("that has just ended");
            throw new ProblemException(Problem.of(Status.CONFLICT, ERASING, on, "its erasure stands already, it is " + standing, "look at GET /erasures/" + standing));
        }
        if (!earlier.subject().equals(asked.subject()) || !earlier.keyHash().equals(hash) || !earlier.requestedBy().equals(by) || !earlier.reason().equals(asked.reason().strip())) {
            throw new ProblemException(Problem.of(Status.CONFLICT, ERASING, on, "the Idempotency-Key was already used for another request", "send a key of its own with each request, and the same one only to repeat it"));
        }
        return earlier;
    }

    /** All tables of the source in which it may stand. */
    private Map<TableName, Subject.Place> places(String subject) {
        var places = new TreeMap<TableName, Subject.Place>();
        naming(subject).forEach(pipeline -> places.putAll(pipeline.subjects().get(subject).places()));
        return places;
    }

    private List<TableName> tables(String subject, Map<TableName, Subject.Place> places) {
        var tables = new LinkedHashSet<>(places.keySet());
        tables.add(naming(subject).getFirst().subjects().get(subject).table());
        return new ArrayList<>(tables);
    }

    private String type(String name, Map<TableName, Subject.Place> places, Catalog catalog, String on) {
        for (var place : places.entrySet()) {
            var table = catalog.tables().get(place.getKey());
            if (table == null || table.column(place.getValue().column()) == null) {
                throw new ProblemException(Problem.of(Status.CONFLICT, ERASING, on, "the database has no column " + place.getKey() + "." + place.getValue().column(), "correct the pipeline files, ./millrace validate says where"));
            }
        }
        var subject = naming(name).getFirst().subjects().get(name);
        var own = catalog.tables().get(subject.table());
        var place = places.entrySet().iterator().next();
        return own == null || own.column(subject.column()) == null ? catalog.tables().get(place.getKey()).column(place.getValue().column()).type() : own.column(subject.column()).type();
    }

    /** The key as the column's type prints it, by which it is hashed. */
    private static String canonical(Connection connection, String key, String type) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT CAST(? AS " + type + ")::text")) {
            statement.setString(1, key);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith(DATA)) {
                throw new ProblemException(Problem.of(Status.BAD_REQUEST, ERASING, "a subject", "the key is no " + type, "send the value of the subject's column, as text"));
            }
            throw e;
        }
    }

    /**
     * By the text of the key and by table, the rows that carry it: a collation may take texts for one key that differ, and a hash does not. There is an entry for {@code key}. All counts together have the time of one statement, and tables for which it is not enough are left out: the erasure does not hang on it, and the transaction must not end of its own limit.
     */
    private Map<String, Map<String, Long>> found(Connection connection, Map<TableName, Subject.Place> places, Catalog catalog, String key, String type) throws SQLException {
        var found = new TreeMap<String, Map<String, Long>>();
        found.put(key, new TreeMap<>());
        long end = System.nanoTime() + config.verification().statementTimeout().toNanos();
        for (var place : places.entrySet()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                break;
            }
            var from = (catalog.tables().get(place.getKey()).partitioned() ? "" : "ONLY ") + place.getKey().sql();
            limit(connection, left);
            // In SQL, for the pool's connection rolls nothing back within a transaction that it does not lead itself.
            execute(connection, "SAVEPOINT counting");
            try {
                var table = place.getKey().toString();
                count(connection, from, place.getValue().column(), key, type).forEach((text, rows) -> found.computeIfAbsent(text, t -> new TreeMap<>()).put(table, rows));
                found.get(key).putIfAbsent(table, 0L);
            } catch (SQLException e) {
                if (!CANCELED.equals(e.getSQLState())) {
                    throw e;
                }
                execute(connection, "ROLLBACK TO SAVEPOINT counting");
            }
        }
        limit(connection, config.verification().statementTimeout().toMillis());
        return found;
    }

    private static void limit(Connection connection, long millis) throws SQLException {
        execute(connection, "SET LOCAL statement_timeout = " + millis);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Rows by the text of their key. */
    private static Map<String, Long> count(Connection connection, String from, String column, String key, String type) throws SQLException {
        var quoted = TableName.quote(column);
        try (var statement = connection.prepareStatement("SELECT " + quoted + "::text COLLATE \"C\", count(*) FROM " + from + " WHERE " + quoted + " = CAST(? AS " + type + ") GROUP BY 1")) {
            statement.setString(1, key);
            var counts = new TreeMap<String, Long>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    counts.put(rows.getString(1), rows.getLong(2));
                }
            }
            return counts;
        }
    }
}
