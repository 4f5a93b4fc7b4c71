package io.millrace.tests.oracle;

import io.millrace.pipeline.comparison.CanonicalJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What the documents of a pipeline must be, by a join that a person wrote in SQL.
 *
 * <p>It knows nothing of the pipeline file, the topics or the denormalizer: {@code NAME.sql} beside this class gives
 * one row for each document, {@code id} and {@code document}.
 */
public final class SqlOracle {

    private static final int FETCH = 2_000;

    private final String name;
    private final String sql;
    private final Set<String> erased;

    private SqlOracle(String name, String sql, Set<String> erased) {
        this.name = name;
        this.sql = sql;
        this.erased = erased;
    }

    /** The oracle of a demo pipeline. */
    public static SqlOracle of(String pipeline) {
        try (var in = SqlOracle.class.getResourceAsStream(pipeline + ".sql")) {
            if (in == null) {
                throw new IllegalArgumentException("There is no oracle for the pipeline '" + pipeline + "': write " + pipeline + ".sql beside " + SqlOracle.class.getName());
            }
            return new SqlOracle(pipeline, new String(in.readAllBytes(), StandardCharsets.UTF_8), Set.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The oracle of a pipeline that only one test has. @param sql gives one row for each document, {@code id} and {@code document} */
    public static SqlOracle of(String pipeline, String sql) {
        return new SqlOracle(pipeline, sql, Set.of());
    }

    /** The oracle with one thing in its SQL changed, to see a comparison fail. */
    public SqlOracle with(String from, String to) {
        if (!sql.contains(from)) {
            throw new IllegalArgumentException("The SQL of " + name + " does not contain " + from);
        }
        return new SqlOracle(name, sql.replace(from, to), erased);
    }

    /** The oracle that also knows of an erasure: no document with this id, whatever the rows say. */
    SqlOracle without(String id) {
        return new SqlOracle(name, sql, Set.of(id));
    }

    public String name() {
        return name;
    }

    /** The query itself. */
    public String sql() {
        return sql;
    }

    /** All documents at one moment of the database: canonical JSON by document id. Leaves the connection as it found it. */
    public SortedMap<String, String> read(Connection connection) throws SQLException {
        return read(connection, UnaryOperator.identity());
    }

    /** The same by digest, see {@link Digest}. */
    SortedMap<String, String> digests(Connection connection) throws SQLException {
        return read(connection, Digest::of);
    }

    private SortedMap<String, String> read(Connection connection, UnaryOperator<String> content) throws SQLException {
        var documents = new TreeMap<String, String>();
        boolean auto = connection.getAutoCommit();
        // With auto-commit on, the driver ignores the fetch size and holds every row at once.
        connection.setAutoCommit(false);
        try (var statement = connection.createStatement()) {
            statement.setFetchSize(FETCH);
            try (var rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    documents.put(rows.getString("id"), content.apply(CanonicalJson.of(rows.getString("document"))));
                }
            }
        } finally {
            connection.rollback();
            connection.setAutoCommit(auto);
        }
        documents.keySet().removeAll(erased);
        return documents;
    }
}
