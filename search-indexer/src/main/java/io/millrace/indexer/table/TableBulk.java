package io.millrace.indexer.table;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.bulk.Bulk;
import io.millrace.indexer.bulk.BulkPermits;
import io.millrace.indexer.bulk.Document;
import io.millrace.indexer.bulk.Verdict;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.health.Conditions;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.liveness.Loop;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes documents into tables, a request's in one transaction. A deleted document leaves its version for as long as deletes are remembered. Thread-safe.
 */
@Singleton
public final class TableBulk implements Bulk {

    private static final String DATA = "22";
    /** What is a value's own fault: data exceptions, and constraints that a team has added. */
    private static final Set<String> OWN_FAULTS = Set.of(DATA, "23");
    /**
     * What a document can be the cause of as well as the table: limits, and what triggers and functions of a team raise. Everything that is in neither of the two says nothing of a document, but of the connection, the server, its
     * rights, resources and catalog, or of a pooler before it: <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">classes of SQLSTATE</a>.
     */
    private static final Set<String> POSSIBLE_FAULTS = Set.of("21", "27", "2F", "38", "39", "44", "54", "P0");

    private final Tables tables;
    private final TableStore store;
    private final BulkPermits permits;
    private final IndexerConfig config;

    TableBulk(Tables tables, TableStore store, IndexerConfig config, Conditions conditions, MeterRegistry meters) {
        this.tables = tables;
        this.store = store;
        this.permits = BulkPermits.of(Target.POSTGRES, config, conditions, meters);
        this.config = config;
    }

    @Override
    public BulkPermits permits() {
        return permits;
    }

    @Override
    public Answer send(Generation generation, List<Document> documents, Loop loop) throws InterruptedException {
        permits.acquire(generation.aside(), loop);
        loop.waits(config.requestTimeout().multipliedBy(2));
        var started = System.nanoTime();
        var trouble = "a transaction failed here";
        try {
            var verdicts = write(generation, documents, loop);
            var answer = new Answer.Answered(verdicts, -1, documents.stream().mapToInt(Document::size).sum(), System.nanoTime() - started);
            trouble = BulkPermits.slow(answer, config.slowBulk());
            return answer;
        } catch (SQLException e) {
            trouble = "the database of the tables does not take documents (" + tables.why(e) + ")";
            return new Answer.Unanswered(trouble);
        } finally {
            permits.release(generation.aside(), documents.size(), Document.weight(documents), trouble);
        }
    }

    /** A table has one place for all of them. */
    @Override
    public List<String> faults(Generation generation, List<Document> documents, Loop loop) throws InterruptedException {
        return Collections.nCopies(documents.size(), Bulk.faults(send(generation, List.of(documents.getFirst().nobody()), loop), 1).getFirst());
    }

    /** One that is refused takes all of its transaction along, so it is looked for by halves. */
    private List<Verdict> write(Generation generation, List<Document> documents, Loop loop) throws SQLException {
        try {
            return tables.transaction(connection -> written(connection, generation, documents));
        } catch (SQLException e) {
            var kind = kind(e);
            if (!OWN_FAULTS.contains(kind) && !POSSIBLE_FAULTS.contains(kind)) {
                throw e;
            }
            if (documents.size() == 1) {
                return List.of(verdict(documents.getFirst(), kind, e));
            }
            loop.waits(config.requestTimeout().multipliedBy(2));
            int middle = documents.size() / 2;
            var verdicts = new ArrayList<>(write(generation, documents.subList(0, middle), loop));
            verdicts.addAll(write(generation, documents.subList(middle, documents.size()), loop));
            return verdicts;
        }
    }

    private static String kind(SQLException failure) {
        return failure.getSQLState() == null || failure.getSQLState().length() < 2 ? "" : failure.getSQLState().substring(0, 2);
    }

    private Verdict verdict(Document document, String kind, SQLException failure) throws SQLException {
        if (document.isDelete() && isPossible(document.id())) {
            // Given up, it would leave a document that is to be gone. One whose id the table cannot have has never been there.
            return new Verdict.Later("the table does not take a delete (" + Tables.reason(failure) + "); take away the constraint, the trigger or the index that keeps a row from losing its document");
        }
        return OWN_FAULTS.contains(kind) ? new Verdict.Refused(Tables.detail(failure)) : new Verdict.Doubtful(Tables.detail(failure));
    }

    /** Whether the database can have that text at all. */
    private boolean isPossible(String id) throws SQLException {
        try {
            return tables.look(connection -> {
                try (var statement = tables.prepare(connection, "SELECT ?::text")) {
                    statement.setString(1, id);
                    return statement.executeQuery().next();
                }
            });
        } catch (SQLException e) {
            if (kind(e).equals(DATA)) {
                return false;
            }
            throw e;
        }
    }

    private List<Verdict> written(Connection connection, Generation generation, List<Document> documents) throws SQLException {
        var refusal = store.refusal(connection, generation);
        if (refusal != null) {
            return Collections.nCopies(documents.size(), new Verdict.IndexGone(refusal));
        }
        var applied = upsert(connection, generation.index(), documents);
        return documents.stream().map(document -> applied.contains(document.id()) ? Verdict.APPLIED : Verdict.SUPERSEDED).toList();
    }

    /** @return ids of those that stand there now, or are gone */
    private Set<String> upsert(Connection connection, String table, List<Document> documents) throws SQLException {
        try (var statement = tables.prepare(connection, "INSERT INTO " + tables.name(table) + " AS t (id, version, document, deleted)"
                + " SELECT id, version, document::jsonb, CASE WHEN document IS NULL THEN now() END FROM unnest(?::text[], ?::bigint[], ?::text[]) AS n (id, version, document) ORDER BY id COLLATE \"C\""
                + " ON CONFLICT (id) DO UPDATE SET version = excluded.version, document = excluded.document, deleted = excluded.deleted WHERE t.version <= excluded.version RETURNING id")) {
            statement.setArray(1, connection.createArrayOf("text", documents.stream().map(Document::id).toArray()));
            statement.setArray(2, connection.createArrayOf("int8", documents.stream().map(Document::version).toArray()));
            statement.setArray(3, connection.createArrayOf("text", documents.stream().map(document -> document.isDelete() ? null : new String(document.json(), StandardCharsets.UTF_8)).toArray()));
            var rows = statement.executeQuery();
            var ids = HashSet.<String>newHashSet(documents.size());
            while (rows.next()) {
                ids.add(rows.getString(1));
            }
            return ids;
        }
    }
}
