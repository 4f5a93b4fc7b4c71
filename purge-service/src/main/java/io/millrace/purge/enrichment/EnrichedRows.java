package io.millrace.purge.enrichment;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.retention.Holding;
import io.millrace.pipeline.sql.EnrichmentSql;
import io.millrace.pipeline.sql.JoinSql;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.source.ErasureOrders;
import jakarta.ws.rs.core.Response.Status;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The rows from which the documents of one pipeline are enriched, in one transaction of the source's. Not thread-safe. */
final class EnrichedRows {

    static final String ENRICHING = "Enriching";

    private static final String ERASED = "SELECT EXISTS (" + ErasureOrders.ERASED + ")";
    /** Erasures wait for who enriches, and the other way round: else either might not see the other's row. */
    private static final String LOCK = "SELECT pg_advisory_xact_lock%s(hashtextextended('millrace.enrichment ' || ?, 0))";
    /** Classes of SQL states that say what is wrong with values. */
    private static final String DATA = "22";
    private static final String INTEGRITY = "23";

    private final Connection connection;
    private final Pipeline pipeline;
    private final Collection<String> generations;
    private final Catalog catalog;
    private final List<String> key;
    private final EnrichmentSql sql;

    private EnrichedRows(Connection connection, Pipeline pipeline, Collection<String> generations, Catalog catalog) {
        this.connection = connection;
        this.pipeline = pipeline;
        this.generations = generations;
        this.catalog = catalog;
        this.key = catalog.tables().get(pipeline.document().table()).primaryKey();
        this.sql = EnrichmentSql.of(pipeline, catalog);
    }

    /**
     * @param pipeline is enriched
     * @param generations whose erasures count
     * @return empty where the database lacks a table, or one has another primary key than the file says
     */
    static Optional<EnrichedRows> of(Connection connection, Pipeline pipeline, Collection<String> generations) throws SQLException {
        var catalog = CatalogReader.read(connection, pipeline.tableNames());
        boolean isWhole = catalog.tables().keySet().containsAll(pipeline.tableNames()) && isKey(pipeline.document().table(), Join::here, pipeline, catalog) && isKey(pipeline.enrichment().table(), Join::there, pipeline, catalog);
        return isWhole ? Optional.of(new EnrichedRows(connection, pipeline, generations, catalog)) : Optional.empty();
    }

    private static boolean isKey(TableName table, Function<Join, String> column, Pipeline pipeline, Catalog catalog) {
        return pipeline.enrichment().on().stream().map(column).collect(Collectors.toSet()).equals(Set.copyOf(catalog.tables().get(table).primaryKey()));
    }

    /** The object of a document. */
    Optional<Json.Members> read(String document) throws SQLException {
        var parts = parts(document);
        return parts == null || !isShown(JoinSql.keysAsShown(pipeline, catalog), document, parts) || !(stored(sql.read(), parts) instanceof Json.Members object) ? Optional.empty() : Optional.of(object);
    }

    void share() throws SQLException {
        lock("_shared");
    }

    private void lock(String how) throws SQLException {
        try (var statement = connection.prepareStatement(LOCK.formatted(how))) {
            statement.setString(1, pipeline.enrichment().table().toString());
            statement.execute();
        }
    }

    /**
     * Merges a patch into the object of a document; {@link #share} comes before.
     *
     * @param text null takes away all that was added
     * @return the object as it is now
     * @throws ProblemException when it cannot be done
     */
    Json.Members merge(String document, String text) throws SQLException {
        var on = on(document);
        var parts = there(document, on);
        try {
            var patch = text == null ? null : Additions.patch(text, pipeline.enrichment());
            while (true) {
                var before = stored(sql.lock(), parts);
                var after = patch == null ? new Json.Members(new TreeMap<>()) : MergePatch.applied(before, patch);
                var kept = Additions.kept(after);
                if (after.members().isEmpty() ? before == null || run(sql.delete(), parts, null, false) > 0 : after.equals(before) || write(before, parts, kept)) {
                    return after;
                }
            }
        } catch (Additions.Refusal e) {
            throw new ProblemException(Problem.of(Status.BAD_REQUEST, ENRICHING, on, e.getMessage(), e.next()));
        }
    }

    /** @return false where somebody else made the row meanwhile */
    private boolean write(Json before, List<String> parts, String kept) throws SQLException, Additions.Refusal {
        try {
            return before == null ? run(sql.insert(), parts, kept, false) > 0 : run(sql.update(), parts, kept, true) > 0;
        } catch (SQLException e) {
            if (e.getSQLState() != null && (e.getSQLState().startsWith(DATA) || e.getSQLState().startsWith(INTEGRITY))) {
                throw new Additions.Refusal("the database refused it: " + e.getMessage(), "correct it; where the document's row was deleted just now, there is nothing to enrich");
            }
            throw e;
        }
    }

    String on(String document) {
        return "the document '" + document.replace("\0", "\\0") + "' of the pipeline '" + pipeline.name() + "'";
    }

    private List<String> there(String document, String on) throws SQLException {
        var parts = parts(document);
        if (parts == null) {
            throw new ProblemException(Problem.of(Status.BAD_REQUEST, ENRICHING, on, "no row can have this id, or it is the hash of a key that is longer than 512 bytes, by which no row is found", "use the id as it stands in the index"));
        }
        if (isErased(document)) {
            throw new ProblemException(Problem.of(Status.CONFLICT, ENRICHING, on, "somebody asked to erase it", "where its row was inserted anew since, write into " + pipeline.enrichment().table() + " by SQL"));
        }
        var holding = Holding.of(connection, pipeline);
        if (!isShown(JoinSql.keysOfSome(pipeline, catalog, holding), document, parts)) {
            throw new ProblemException(Problem.of(Status.NOT_FOUND, ENRICHING, on, "no row of " + pipeline.document().table() + " makes this document now", "insert the row first, and take the id as it stands in the index"));
        }
        return parts;
    }

    private boolean isErased(String document) throws SQLException {
        try (var statement = connection.prepareStatement(ERASED)) {
            statement.setArray(1, connection.createArrayOf("text", generations.toArray()));
            statement.setArray(2, connection.createArrayOf("text", new Object[] {document}));
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** The values of the key's columns; null where no row's can be found. */
    private List<String> parts(String document) {
        try {
            return document.indexOf('\0') >= 0 ? null : DocumentId.key(document, key);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Whether what the statement finds by the key has this id: 042 and 42 are one number and two ids. */
    private boolean isShown(String keys, String document, List<String> parts) throws SQLException {
        return orNothing(false, () -> {
            try (var statement = connection.prepareStatement(keys)) {
                for (int i = 0; i < parts.size(); i++) {
                    statement.setArray(i + 1, connection.createArrayOf("text", new Object[] {parts.get(i)}));
                }
                try (var rows = statement.executeQuery()) {
                    while (rows.next()) {
                        if (DocumentId.of(List.of((String[]) rows.getArray("key").getArray())).equals(document)) {
                            return true;
                        }
                    }
                    return false;
                }
            }
        });
    }

    private interface Question<T> {
        T ask() throws SQLException;
    }

    /** What is no value of the key's type has no row, and the transaction goes on. */
    private <T> T orNothing(T nothing, Question<T> question) throws SQLException {
        execute("SAVEPOINT looking");
        try {
            var answer = question.ask();
            execute("RELEASE SAVEPOINT looking");
            return answer;
        } catch (SQLException e) {
            if (e.getSQLState() == null || !e.getSQLState().startsWith(DATA)) {
                throw e;
            }
            execute("ROLLBACK TO SAVEPOINT looking");
            return nothing;
        }
    }

    private void execute(String statement) throws SQLException {
        try (var running = connection.createStatement()) {
            running.execute(statement);
        }
    }

    /** Null where there is no row; somebody may have written what is no object. */
    private Json stored(String statement, List<String> parts) throws SQLException {
        try (var read = connection.prepareStatement(statement)) {
            set(read, 1, parts);
            try (var row = read.executeQuery()) {
                return row.next() ? CanonicalJson.readLast(row.getString(1)) : null;
            }
        }
    }

    private int run(String statement, List<String> parts, String object, boolean isFirst) throws SQLException {
        try (var change = connection.prepareStatement(statement)) {
            if (object != null) {
                change.setString(isFirst ? 1 : parts.size() + 1, object);
            }
            set(change, isFirst ? 2 : 1, parts);
            return change.executeUpdate();
        }
    }

    private static void set(PreparedStatement statement, int from, List<String> parts) throws SQLException {
        for (int i = 0; i < parts.size(); i++) {
            statement.setString(from + i, parts.get(i));
        }
    }

    /** Takes away what was added to a document that is erased; whoever enriches it is waited for, and comes too late afterwards. */
    void erase(String document) throws SQLException {
        lock("");
        var parts = parts(document);
        if (parts != null && isShown(JoinSql.keysAsShown(pipeline, catalog), document, parts)) {
            run(sql.delete(), parts, null, false);
        }
    }

    /** The same of the documents whose root rows carry a subject. */
    void forget(String column, String key, String type) throws SQLException {
        lock("");
        try (var statement = connection.prepareStatement(EnrichmentSql.forgetting(pipeline, column, type))) {
            statement.setString(1, key);
            statement.executeUpdate();
        }
    }
}
