package io.millrace.purge.verification;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.file.UsedColumns;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.retention.Holding;
import io.millrace.pipeline.retention.RetentionOrder;
import io.millrace.pipeline.sql.JoinSql;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.ErasureOrders;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The documents as the SQL join of the source has them. Ranges are read from the replica where there is one, everything
 * else from the primary. Each question is a transaction of its own, which sees one moment and is over at once. Not thread-safe.
 */
final class SourceSide {

    /** Documents may be large: so many are in memory at once, the others as their hash. */
    private static final int FETCH = 10;
    /** SQL states of values that are none of their type. */
    private static final String NO_SUCH_VALUE = "22";
    private static final String SETTINGS = "SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1; SET LOCAL intervalstyle = 'postgres'; SET LOCAL datestyle = 'ISO'; SET LOCAL row_security = off; SET LOCAL statement_timeout = ";
    private static final String IDENTITY = """
            SELECT s.system_identifier::text, d.oid::text FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()""";
    private static final String UNREADABLE = """
            SELECT c FROM unnest(?::text[]) c WHERE NOT (has_schema_privilege(?, 'USAGE') AND has_column_privilege(?::regclass, c, 'SELECT')) ORDER BY c""";
    private static final String HIDDEN = "SELECT row_security_active(?::regclass)";
    private static final String REPAIR = """
            INSERT INTO millrace.outboxevent (id, aggregatetype, aggregateid, type, "timestamp", payload) SELECT gen_random_uuid(), ?, d, 'repair', now(), ? FROM unnest(?::text[]) d""";

    private final AgroalDataSource primary;
    private final PurgeConfig.Verification config;
    private final Pipeline pipeline;
    private final List<String> generations;
    private final Catalog catalog;
    private final List<String> key;
    /** What the target makes of a document. */
    private final UnaryOperator<Json> shape;

    /** @param generations whose erasures count */
    private SourceSide(AgroalDataSource primary, PurgeConfig.Verification config, Pipeline pipeline, List<String> generations, Catalog catalog) {
        this.primary = primary;
        this.config = config;
        this.pipeline = pipeline;
        this.generations = generations;
        this.catalog = catalog;
        this.key = catalog.tables().get(pipeline.document().table()).primaryKey();
        this.shape = pipeline.target() == Target.POSTGRES ? JsonbNumbers::of : UnaryOperator.identity();
    }

    static SourceSide of(AgroalDataSource primary, PurgeConfig.Verification config, Pipeline pipeline, List<String> generations) throws SQLException {
        try (var connection = primary.getConnection()) {
            var catalog = CatalogReader.read(connection, pipeline.tableNames());
            var missing = pipeline.tableNames().stream().filter(t -> !catalog.tables().containsKey(t)).toList();
            if (!missing.isEmpty()) {
                throw new RefusedException("the database has no table " + missing.getFirst(), "correct the pipeline's file, or the database that it names");
            }
            JoinSql.of(pipeline, catalog);
            return new SourceSide(primary, config, pipeline, generations, catalog);
        } catch (IllegalStateException e) {
            throw new RefusedException("the documents cannot be said in SQL: " + e.getMessage(), "give the purge service the keys of hashed columns that capture has");
        }
    }

    /** A document of a range. */
    record Row(String id, Content content, List<String> cursor) {}

    /**
     * The documents that come next in the order of their keys.
     *
     * @param after the cursor of the one before; null for the first
     * @param seed by which they are drawn
     * @param share how many of 10,000 are drawn
     */
    List<Row> range(List<String> after, long seed, int share, int most) throws SQLException {
        return read(config.replicaUrl().isPresent(), kept -> JoinSql.ofRange(pipeline, catalog, kept, after == null), statement -> {
            int at = 1;
            for (var text : after == null ? List.<String>of() : after) {
                statement.setString(at++, text);
            }
            statement.setLong(at++, seed);
            statement.setInt(at++, share);
            statement.setInt(at, most);
        }, row -> new Row(id(row), Content.of(json(row), null), List.of((String[]) row.getArray("cursor").getArray())));
    }

    /** The document of an id; null where no row calls for it. */
    Json document(String one) throws SQLException {
        var found = some(kept -> JoinSql.ofSome(pipeline, catalog, kept), List.of(one), this::json);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Documents by id; one that no row calls for is not in it. */
    Map<String, Content> contents(Collection<String> ids) throws SQLException {
        var found = new HashMap<String, Content>();
        for (var row : some(kept -> JoinSql.ofSome(pipeline, catalog, kept), ids, row -> Map.entry(id(row), Content.of(json(row), row.getString("made"))))) {
            found.put(row.getKey(), row.getValue());
        }
        found.keySet().retainAll(new HashSet<>(ids));
        return found;
    }

    /** Those of the ids that a row calls for. */
    Set<String> existing(Collection<String> ids) throws SQLException {
        return new HashSet<>(some(kept -> JoinSql.keysOfSome(pipeline, catalog, kept), ids, SourceSide::id));
    }

    private <T> List<T> some(Query sql, Collection<String> ids, RowReader<T> reader) throws SQLException {
        var keys = new ArrayList<List<String>>();
        for (var id : ids) {
            if (isKey(id)) {
                keys.add(DocumentId.key(id, key));
            }
        }
        return keys.isEmpty() ? List.of() : ofKeys(sql, keys, reader);
    }

    /** An id that is no value of the key's type fails the whole question: it is halved until that one stands alone. */
    private <T> List<T> ofKeys(Query sql, List<List<String>> keys, RowReader<T> reader) throws SQLException {
        try {
            return read(false, sql, statement -> {
                for (int i = 0; i < key.size(); i++) {
                    int column = i;
                    statement.setArray(i + 1, statement.getConnection().createArrayOf("text", keys.stream().map(k -> k.get(column)).toArray()));
                }
            }, reader);
        } catch (SQLException e) {
            if (e.getSQLState() == null || !e.getSQLState().startsWith(NO_SUCH_VALUE)) {
                throw e;
            }
            if (keys.size() == 1) {
                return List.of();
            }
            var both = new ArrayList<>(ofKeys(sql, keys.subList(0, keys.size() / 2), reader));
            both.addAll(ofKeys(sql, keys.subList(keys.size() / 2, keys.size()), reader));
            return both;
        }
    }

    /** Whether a row's key can be read from the id, if there is such a row. */
    private boolean isKey(String id) {
        try {
            return id.indexOf('\0') < 0 && DocumentId.key(id, key).size() == key.size();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Those of the documents that somebody asked to erase. */
    Set<String> erased(Collection<String> ids) throws SQLException {
        return new HashSet<>(read(false, ErasureOrders.ERASED, statement -> {
            statement.setArray(1, statement.getConnection().createArrayOf("text", generations.toArray()));
            statement.setArray(2, statement.getConnection().createArrayOf("text", ids.toArray()));
        }, row -> row.getString(1)));
    }

    /** The documents in which a subject stands by the rows as the tables have them, erased or not. */
    Set<String> carrying(String subject, String keyHash) throws SQLException {
        var found = new LinkedHashSet<String>();
        for (var sql : JoinSql.carrying(pipeline, catalog, subject)) {
            found.addAll(read(false, sql, statement -> statement.setString(1, keyHash), SourceSide::id));
        }
        return found;
    }

    /** Where the log ends: everything that was read before was committed up to there. */
    long position() throws SQLException {
        return Position.parseLsn(read(false, "SELECT pg_current_wal_insert_lsn()::text", statement -> { }, row -> row.getString(1)).getFirst());
    }

    /**
     * Has the log ask the join for the documents anew.
     *
     * @return those that it was asked for: a row can have their keys
     */
    Set<String> repair(Collection<String> ids, String verification) throws SQLException {
        var possible = new HashSet<>(some(kept -> JoinSql.keysAsShown(pipeline, catalog), ids, SourceSide::id));
        possible.retainAll(new HashSet<>(ids));
        write(possible, verification);
        return possible;
    }

    private void write(Collection<String> ids, String verification) throws SQLException {
        try (var connection = primary.getConnection(); var statement = connection.prepareStatement(REPAIR)) {
            statement.setString(1, pipeline.name());
            statement.setString(2, "{\"verification\":\"" + verification + "\"}");
            statement.setArray(3, connection.createArrayOf("text", ids.toArray()));
            statement.executeUpdate();
        }
    }

    /** Why rows or columns of the documents cannot be read, null where they can. */
    String unreadable() throws SQLException {
        for (var table : pipeline.tableNames()) {
            if (read(false, HIDDEN, statement -> statement.setString(1, table.sql()), row -> row.getBoolean(1)).getFirst()) {
                return "row level security hides rows of " + table + " from the role";
            }
        }
        for (var table : UsedColumns.of(List.of(pipeline)).entrySet()) {
            var denied = unreadable(table.getKey(), table.getValue());
            if (!denied.isEmpty()) {
                return "the role may not read " + String.join(", ", denied) + " of " + table.getKey();
            }
        }
        return null;
    }

    private List<String> unreadable(TableName table, Collection<String> columns) throws SQLException {
        var wanted = new ArrayList<>(columns);
        wanted.removeIf(c -> catalog.tables().get(table).column(c) == null);
        return read(false, UNREADABLE, statement -> {
            statement.setArray(1, statement.getConnection().createArrayOf("text", wanted.toArray()));
            statement.setString(2, table.schema());
            statement.setString(3, table.sql());
        }, row -> row.getString(1));
    }

    /** @param system identifier of the cluster; @param database the database's oid in it */
    record Identity(String system, String database) {}

    Identity identity() throws SQLException {
        return identity(false);
    }

    /** Null where there is no replica. */
    Identity replicaIdentity() throws SQLException {
        return config.replicaUrl().isPresent() ? identity(true) : null;
    }

    private Identity identity(boolean ofReplica) throws SQLException {
        return read(ofReplica, IDENTITY, statement -> { }, row -> new Identity(row.getString(1), row.getString(2))).getFirst();
    }

    private interface Parameters {
        void set(PreparedStatement statement) throws SQLException;
    }

    /** A question that depends on which documents are past their time. */
    private interface Query {
        String of(RetentionOrder kept);
    }

    private <T> List<T> read(boolean fromReplica, String sql, Parameters parameters, RowReader<T> reader) throws SQLException {
        return ask(fromReplica, connection -> sql, parameters, reader);
    }

    /** The order is of the same moment as the rows. */
    private <T> List<T> read(boolean fromReplica, Query query, Parameters parameters, RowReader<T> reader) throws SQLException {
        return ask(fromReplica, connection -> query.of(Holding.of(connection, pipeline)), parameters, reader);
    }

    private interface Statement {
        String in(Connection connection) throws SQLException;
    }

    private <T> List<T> ask(boolean fromReplica, Statement sql, Parameters parameters, RowReader<T> reader) throws SQLException {
        try (var connection = fromReplica ? replica() : primary.getConnection()) {
            connection.setAutoCommit(false);
            try {
                connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                connection.setReadOnly(true);
                try (var settings = connection.createStatement()) {
                    settings.execute(SETTINGS + config.statementTimeout().toMillis());
                }
                try (var statement = connection.prepareStatement(sql.in(connection))) {
                    statement.setFetchSize(FETCH);
                    parameters.set(statement);
                    return reader.all(statement);
                }
            } finally {
                connection.rollback();
                connection.setReadOnly(false);
                connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
                connection.setAutoCommit(true);
            }
        }
    }

    private Connection replica() throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", pipeline.source().user().resolve());
        properties.setProperty("password", pipeline.source().password().resolve());
        properties.setProperty("connectTimeout", "3");
        properties.setProperty("socketTimeout", Long.toString(config.statementTimeout().toSeconds() + 2));
        properties.setProperty("ApplicationName", "millrace purge");
        return DriverManager.getConnection(config.replicaUrl().orElseThrow(), properties);
    }

    private Json json(ResultSet row) throws SQLException {
        return shape.apply(CanonicalJson.readLast(row.getString("document")));
    }

    private static String id(ResultSet row) throws SQLException {
        return DocumentId.of(List.of((String[]) row.getArray("key").getArray()));
    }
}
