package io.millrace.denormalizer.shape;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.denormalizer.it.TableFormat;
import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.retention.RetentionOrder;
import io.millrace.pipeline.sql.JoinSql;
import io.millrace.values.json.JsonCanon;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** A database whose every change is written down, and what its tables look like. */
final class World {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String NOTES = """
            CREATE SCHEMA note;
            CREATE TABLE note.change (seq bigserial PRIMARY KEY, tx bigint, sch text, tab text, op text, old_row json, new_row json);
            CREATE FUNCTION note.texts(r json) RETURNS json LANGUAGE sql AS 'SELECT json_object_agg(key, value::text) FROM json_each(r)';
            CREATE FUNCTION note.change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO note.change (tx, sch, tab, op, old_row, new_row) VALUES (txid_current(), tg_table_schema, tg_table_name, left(lower(tg_op), 1),
                    CASE WHEN tg_op IN ('UPDATE', 'DELETE') THEN note.texts(row_to_json(old)) END, CASE WHEN tg_op IN ('UPDATE', 'INSERT') THEN note.texts(row_to_json(new)) END);
                RETURN NULL;
            END $$;
            CREATE PROCEDURE note.attempt(statements text[]) LANGUAGE plpgsql AS $$
            DECLARE statement text;
            BEGIN
                FOREACH statement IN ARRAY statements LOOP
                    BEGIN
                        EXECUTE statement;
                    EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
                        NULL;
                    END;
                END LOOP;
            END $$""";

    private static final String COLUMNS = """
            SELECT n.nspname, c.relname, a.attname, t.typname, t.typtype = 'e', format_type(a.atttypid, NULL), NOT a.attnotnull
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
            WHERE c.relkind = 'r' AND a.attnum > 0 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'note') ORDER BY n.nspname, c.relname, a.attnum""";

    private static final String KEYS = """
            SELECT n.nspname, c.relname, i.indisprimary, (SELECT array_agg(a.attname ORDER BY k.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE i.indisunique AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'note', 'pg_toast')""";

    private final Connection db;
    private final Map<TableName, TableFormat> tables = new LinkedHashMap<>();
    private final Catalog catalog;
    private final Map<String, List<String>> enums = new HashMap<>();
    private final List<TableName> order;
    private long lastChange;
    private long transaction = 1_000;
    private long lastTransaction;

    /** Makes the tables; the database is empty before. */
    World(Connection db, String ddl) throws SQLException {
        this.db = db;
        execute(NOTES);
        execute("SET TimeZone = 'UTC'; SET synchronous_commit = off");
        execute(ddl);
        catalog = read();
        for (var table : tables.keySet()) {
            execute("CREATE TRIGGER note_row AFTER INSERT OR UPDATE OR DELETE ON " + table.sql() + " FOR EACH ROW EXECUTE FUNCTION note.change()");
            execute("CREATE TRIGGER note_truncate AFTER TRUNCATE ON " + table.sql() + " FOR EACH STATEMENT EXECUTE FUNCTION note.change()");
        }
        try (var labels = db.createStatement().executeQuery("SELECT t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY 1")) {
            while (labels.next()) {
                enums.put(labels.getString(1), List.of((String[]) labels.getArray(2).getArray()));
            }
        }
        order = List.copyOf(tables.keySet());
    }

    /** A record of {@code rows.*}. {@code key} and {@code value} are encoded with the ids that {@link #schema} knows. */
    record Change(TableName table, byte[] key, byte[] value, Position position, Op op) {}

    private Catalog read() throws SQLException {
        Map<TableName, List<TableFormat.Column>> columns = new LinkedHashMap<>();
        Map<TableName, List<Catalog.Column>> described = new HashMap<>();
        try (var result = db.createStatement().executeQuery(COLUMNS)) {
            while (result.next()) {
                var table = new TableName(result.getString(1), result.getString(2));
                columns.computeIfAbsent(table, t -> new ArrayList<>()).add(new TableFormat.Column(result.getString(3), result.getString(4), result.getBoolean(5)));
                described.computeIfAbsent(table, t -> new ArrayList<>()).add(new Catalog.Column(result.getString(3), result.getString(6), result.getBoolean(7)));
            }
        }
        Map<TableName, List<String>> primary = new HashMap<>();
        Map<TableName, List<List<String>>> unique = new HashMap<>();
        try (var result = db.createStatement().executeQuery(KEYS)) {
            while (result.next()) {
                var table = new TableName(result.getString(1), result.getString(2));
                var key = List.of((String[]) result.getArray(4).getArray());
                if (result.getBoolean(3)) {
                    primary.put(table, key);
                } else {
                    unique.computeIfAbsent(table, t -> new ArrayList<>()).add(key);
                }
            }
        }
        Map<TableName, Catalog.Table> all = new HashMap<>();
        columns.forEach((name, list) -> {
            tables.put(name, TableFormat.of(name, list, primary.get(name)));
            all.put(name, new Catalog.Table(name, false, described.get(name), primary.get(name), unique.getOrDefault(name, List.of())));
        });
        return new Catalog(all);
    }

    Catalog catalog() {
        return catalog;
    }

    TableFormat table(TableName name) {
        return tables.get(name);
    }

    List<TableName> tableNames() {
        return order;
    }

    List<String> labels(String enumType) {
        return enums.get(enumType);
    }

    /** The schema that an id in a record stands for. */
    org.apache.avro.Schema schema(int id) {
        var table = tables.get(order.get(id / 2));
        return id % 2 == 0 ? table.valueSchema() : table.keySchema();
    }

    void execute(String sql) throws SQLException {
        try (var statement = db.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Runs statements as one transaction; one that breaks a constraint is left out. */
    void transaction(List<String> statements) throws SQLException {
        try (var call = db.prepareStatement("CALL note.attempt(?)")) {
            call.setArray(1, db.createArrayOf("text", statements.toArray()));
            call.execute();
        }
    }

    /** What was committed since the last time, in the order in which it happened. */
    List<Change> changes() throws SQLException {
        var changes = new ArrayList<Change>();
        try (var result = db.createStatement().executeQuery("SELECT seq, tx, sch, tab, op, old_row, new_row FROM note.change WHERE seq > " + lastChange + " ORDER BY seq")) {
            while (result.next()) {
                lastChange = result.getLong(1);
                if (result.getLong(2) != lastTransaction) {
                    lastTransaction = result.getLong(2);
                    transaction += 10;
                }
                var table = new TableName(result.getString(3), result.getString(4));
                change(table, result.getString(5), row(tables.get(table), result.getString(6)), row(tables.get(table), result.getString(7)), changes);
            }
        }
        return changes;
    }

    /** The columns' values as Postgres prints them; of JSON columns, the JSON. */
    private static Map<String, String> row(TableFormat table, String json) {
        if (json == null) {
            return null;
        }
        try {
            Map<String, String> row = JSON.readValue(json, new TypeReference<>() {});
            for (var column : row.entrySet()) {
                boolean isJson = table.column(column.getKey()).type().startsWith("json");
                var raw = column.getValue();
                column.setValue(raw.equals("null") ? null : raw.startsWith("\"") && !isJson ? JSON.readValue(raw, String.class) : raw);
            }
            return row;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(json, e);
        }
    }

    private void change(TableName name, String op, Map<String, String> before, Map<String, String> after, List<Change> into) {
        var position = new Position(transaction, lastChange);
        if (op.equals("t")) {
            into.add(new Change(name, new byte[0], new byte[0], position, Op.TRUNCATE));
            return;
        }
        var table = tables.get(name);
        int id = 2 * order.indexOf(name);
        var oldKey = before == null ? null : table.encode(table.keySchema(), id + 1, before);
        var newKey = after == null ? null : table.encode(table.keySchema(), id + 1, after);
        boolean moved = oldKey != null && newKey != null && !Arrays.equals(oldKey, newKey);
        if (newKey == null || moved) {
            into.add(new Change(name, oldKey, null, position, Op.DELETE));
        }
        if (newKey != null) {
            into.add(new Change(name, newKey, table.encode(table.valueSchema(), id, after), position, op.equals("i") || moved ? Op.CREATE : Op.UPDATE));
        }
    }

    /** The documents as the SQL join of the rows makes them now. */
    SortedMap<String, String> documents(Pipeline pipeline) throws SQLException {
        return documents(pipeline, null);
    }

    /** The same without those that are past their time. */
    SortedMap<String, String> documents(Pipeline pipeline, RetentionOrder order) throws SQLException {
        return documents(JoinSql.of(pipeline, catalog, order), List.of());
    }

    /** The same, read three at a time. */
    SortedMap<String, String> documentsInRanges(Pipeline pipeline) throws SQLException {
        var documents = new TreeMap<String, String>();
        List<String> cursor = null;
        int read;
        do {
            read = 0;
            var parameters = new ArrayList<Object>(cursor == null ? List.of() : cursor);
            parameters.addAll(List.of(7L, 10_000, 3));
            try (var statement = prepared(JoinSql.ofRange(pipeline, catalog, null, cursor == null), parameters); var result = statement.executeQuery()) {
                for (; result.next(); read++) {
                    document(result, documents);
                    cursor = List.of((String[]) result.getArray("cursor").getArray());
                }
            }
        } while (read == 3);
        return documents;
    }

    /** The same, read by id. */
    SortedMap<String, String> documentsOf(Pipeline pipeline, Collection<String> ids) throws SQLException {
        return documents(JoinSql.ofSome(pipeline, catalog, null), keys(pipeline, ids));
    }

    /** The ids alone: of those that there are, or as a row with such a key would have them. */
    SortedSet<String> ids(Pipeline pipeline, Collection<String> ids, boolean isShown) throws SQLException {
        var found = new TreeSet<String>();
        try (var statement = prepared(isShown ? JoinSql.keysAsShown(pipeline, catalog) : JoinSql.keysOfSome(pipeline, catalog, null), keys(pipeline, ids)); var result = statement.executeQuery()) {
            while (result.next()) {
                found.add(DocumentId.of(List.of((String[]) result.getArray("key").getArray())));
            }
        }
        return found;
    }

    /** For each column of the key an array of its texts. */
    private List<Object> keys(Pipeline pipeline, Collection<String> ids) {
        var columns = catalog.tables().get(pipeline.document().table()).primaryKey();
        var keys = ids.stream().map(id -> DocumentId.key(id, columns)).toList();
        return IntStream.range(0, columns.size()).<Object>mapToObj(i -> keys.stream().map(k -> k.get(i)).toArray(String[]::new)).toList();
    }

    private SortedMap<String, String> documents(String sql, List<Object> parameters) throws SQLException {
        var documents = new TreeMap<String, String>();
        try (var statement = prepared(sql, parameters); var result = statement.executeQuery()) {
            while (result.next()) {
                document(result, documents);
            }
        } catch (SQLException e) {
            throw new SQLException(e.getMessage() + " in\n" + sql, e);
        }
        return documents;
    }

    private PreparedStatement prepared(String sql, List<Object> parameters) throws SQLException {
        var statement = db.prepareStatement(sql);
        for (int i = 0; i < parameters.size(); i++) {
            statement.setObject(i + 1, parameters.get(i));
        }
        return statement;
    }

    private static void document(ResultSet row, Map<String, String> into) throws SQLException {
        into.put(DocumentId.of(List.of((String[]) row.getArray("key").getArray())), new String(JsonCanon.canonical(row.getString("document")), StandardCharsets.UTF_8));
    }
}
