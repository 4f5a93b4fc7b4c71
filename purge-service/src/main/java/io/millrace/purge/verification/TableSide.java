package io.millrace.purge.verification;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.purge.PurgeConfig;
import jakarta.enterprise.inject.Instance;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The documents as a view shows them that stands before the tables of a PostgreSQL. Each question is a transaction of its own. Not thread-safe. */
final class TableSide implements IndexSide {

    private static final int PAGE = 1_000;
    /** Rows that a policy hides would count as missing; so the question fails instead. */
    private static final String SETTINGS = "SET LOCAL row_security = off; SET LOCAL extra_float_digits = 1";

    private final Instance<AgroalDataSource> database;
    private final PurgeConfig.Freshness config;
    private final Pipeline pipeline;
    private final String view;
    /** The last id that was read; empty while nothing is being read through. */
    private String last = "";

    TableSide(Instance<AgroalDataSource> database, PurgeConfig.Freshness config, Pipeline pipeline) {
        this.database = database;
        this.config = config;
        this.pipeline = pipeline;
        this.view = '"' + config.tableSchema() + "\".\"" + pipeline.index().name() + '"';
    }

    private interface Parameters {
        void set(Connection connection, PreparedStatement statement) throws SQLException;
    }

    @Override
    public String refusal() throws IOException {
        if (config.tableUrl().isEmpty()) {
            return "the documents of " + pipeline.name() + " go to a table, and which database has it is not known here; set millrace.purge.freshness.table-url as millrace.indexer.table-url is set";
        }
        var name = pipeline.index().name();
        var owners = ask("SELECT pipeline FROM \"" + config.tableSchema() + "\".millrace_index WHERE view = ? AND view = ANY (aliases)", (connection, statement) -> statement.setString(1, name), row -> row.getString(1));
        if (owners.isEmpty()) {
            return "no table is behind the view " + name;
        }
        return owners.getFirst().equals(pipeline.name()) ? null : "the table behind the view " + name + " is that of the pipeline '" + owners.getFirst() + "'";
    }

    @Override
    public Json document(String id) throws IOException {
        var found = ask("SELECT document::text FROM " + view + " WHERE id = ?", (connection, statement) -> statement.setString(1, id), row -> CanonicalJson.read(row.getString(1)));
        return found.isEmpty() ? null : found.getFirst();
    }

    @Override
    public Map<String, Content> contents(Collection<String> ids, Map<String, Content> rows) throws IOException {
        var found = new HashMap<String, Content>();
        var wanted = new ArrayList<String>();
        int size = 0;
        for (var id : ids) {
            int more = rows.containsKey(id) ? rows.get(id).size() : 0;
            if (!wanted.isEmpty() && size + more > MOST_CHARACTERS) {
                take(wanted, rows, found);
                wanted.clear();
                size = 0;
            }
            wanted.add(id);
            size += more;
        }
        if (!wanted.isEmpty()) {
            take(wanted, rows, found);
        }
        return found;
    }

    /** A row has no number that each write changes and a view shows; version and content together tell as much. */
    private void take(List<String> wanted, Map<String, Content> rows, Map<String, Content> found) throws IOException {
        record One(String id, Content content) {}
        ask("SELECT v.id, v.version || '/' || md5(v.document::text), CASE WHEN w.read THEN v.document::text END FROM unnest(?::text[], ?::boolean[]) AS w (id, read) JOIN " + view + " v ON v.id = w.id", (connection, statement) -> {
            statement.setArray(1, connection.createArrayOf("text", wanted.toArray()));
            statement.setArray(2, connection.createArrayOf("bool", wanted.stream().map(rows::containsKey).toArray()));
        }, row -> new One(row.getString(1), row.getString(3) == null ? new Content("", 0, row.getString(2)) : Content.of(CanonicalJson.read(row.getString(3)), row.getString(2)))).forEach(one -> found.put(one.id(), one.content()));
    }

    @Override
    public List<String> nextIds() throws IOException {
        var after = last;
        var ids = ask("SELECT id FROM " + view + " WHERE id > ? ORDER BY id LIMIT " + PAGE, (connection, statement) -> statement.setString(1, after), row -> row.getString(1));
        last = ids.isEmpty() ? "" : ids.getLast();
        return ids;
    }

    @Override
    public void close() {
        last = "";
    }

    private <T> List<T> ask(String query, Parameters parameters, RowReader<T> reader) throws IOException {
        try (var connection = database.get().getConnection()) {
            connection.setAutoCommit(false);
            try {
                try (var settings = connection.createStatement()) {
                    settings.execute(SETTINGS);
                }
                try (var statement = connection.prepareStatement(query)) {
                    parameters.set(connection, statement);
                    return reader.all(statement);
                }
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw new IOException("reading the view " + pipeline.index().name() + " in the schema " + config.tableSchema() + " failed: " + e.getMessage()
                    + "; check millrace.purge.freshness.table-url, table-user and table-password, and that this user may read millrace_index and the view there, with all rows of its table", e);
        }
    }
}
