package io.millrace.indexer.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.millrace.indexer.generation.AliasChange;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.IndexStore;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tables as indexes: {@code <view>-<six digits>} behind the view {@code <view>}. What a table is for stands in the book, and the view is changed in the transaction that changes that. Thread-safe.
 */
@Singleton
public final class TableStore implements IndexStore {

    private static final String TIMELINE = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)";

    private final Tables tables;
    private final ObjectMapper json;
    /** On which timeline of the database a table was opened, by its id. */
    private final Map<String, String> timelines = new ConcurrentHashMap<>();

    TableStore(Tables tables, ObjectMapper json) {
        this.tables = tables;
        this.json = json;
    }

    @Override
    public List<IndexState> of(String alias) {
        return asked("Looking for the tables behind the view " + alias, connection -> {
            tables.open(connection);
            refuseTable(connection, alias);
            return states(connection, alias);
        });
    }

    private <T> T asked(String attempted, Tables.Work<T> work) {
        try {
            return tables.transaction(work);
        } catch (SQLException e) {
            throw tables.away(attempted, e);
        }
    }

    private void refuseTable(Connection connection, String view) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ? AND c.relkind <> 'v'")) {
            statement.setString(1, tables.schema());
            statement.setString(2, view);
            if (statement.executeQuery().next()) {
                throw new SearchAwayException("The schema " + tables.schema() + " has something else named " + view + ", where the pipeline needs a view of that name; rename it, or give the pipeline another index.name");
            }
        }
    }

    /** Those whose table is there. */
    private List<IndexState> states(Connection connection, String view) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT name, number, uuid::text, made, pipeline, replaces, aliases FROM " + tables.book()
                + " WHERE view = ? AND to_regclass(format('%I.%I', ?, name)) IS NOT NULL ORDER BY number DESC")) {
            statement.setString(1, view);
            statement.setString(2, tables.schema());
            var rows = statement.executeQuery();
            var states = new ArrayList<IndexState>();
            while (rows.next()) {
                var aliases = new TreeSet<>(texts(rows, 7));
                states.add(new IndexState(rows.getString(1), rows.getInt(2), rows.getString(3), "", rows.getTimestamp(4).toInstant(), rows.getString(5), texts(rows, 6), aliases.contains(view), aliases, JsonNodeFactory.instance.objectNode()));
            }
            return states;
        }
    }

    private static List<String> texts(ResultSet rows, int column) throws SQLException {
        return List.of((String[]) rows.getArray(column).getArray());
    }

    @Override
    public boolean create(Pipeline pipeline, String index, Set<String> aliases) {
        var view = pipeline.index().name();
        return asked("Making the table " + index, connection -> {
            tables.own(connection, view);
            forgetDropped(connection, view);
            if (!note(connection, pipeline, index, aliases)) {
                return false;
            }
            var served = states(connection, view).stream().filter(IndexState::serves).findFirst();
            if (served.isPresent()) {
                // What a team has made of indexes and derived columns for its questions is there when the questions come.
                tables.execute(connection, "CREATE TABLE " + tables.name(index) + " (LIKE " + tables.name(served.get().index()) + " INCLUDING ALL)");
            } else {
                tables.execute(connection, "CREATE TABLE " + tables.name(index) + " (id text COLLATE \"C\" PRIMARY KEY, version bigint NOT NULL, document jsonb, deleted timestamptz)");
                tables.execute(connection, "CREATE INDEX ON " + tables.name(index) + " (deleted) WHERE deleted IS NOT NULL");
            }
            show(connection, view);
            return true;
        });
    }

    private boolean note(Connection connection, Pipeline pipeline, String index, Set<String> aliases) throws SQLException {
        try (var statement = tables.prepare(connection, "INSERT INTO " + tables.book() + " (name, view, number, pipeline, replaces, aliases) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")) {
            statement.setString(1, index);
            statement.setString(2, pipeline.index().name());
            statement.setInt(3, Integer.parseInt(index.substring(index.lastIndexOf('-') + 1)));
            statement.setString(4, pipeline.name());
            statement.setArray(5, connection.createArrayOf("text", pipeline.replaces().toArray()));
            statement.setArray(6, connection.createArrayOf("text", aliases.toArray()));
            return statement.executeUpdate() == 1;
        }
    }

    private void forgetDropped(Connection connection, String view) throws SQLException {
        try (var statement = tables.prepare(connection, "DELETE FROM " + tables.book() + " WHERE view = ? AND to_regclass(format('%I.%I', ?, name)) IS NULL")) {
            statement.setString(1, view);
            statement.setString(2, tables.schema());
            statement.executeUpdate();
        }
    }

    /** Has the view show the table that serves. */
    private void show(Connection connection, String view) throws SQLException {
        for (var state : states(connection, view)) {
            if (state.serves()) {
                tables.execute(connection, "CREATE OR REPLACE VIEW " + tables.name(view) + " AS SELECT id, version, document FROM " + tables.name(state.index()) + " WHERE document IS NOT NULL");
            }
        }
    }

    @Override
    public boolean change(List<AliasChange> changes) {
        var view = Tables.viewOf(index(changes.getFirst()));
        return asked("Changing what tables are for, " + changes + ",", connection -> {
            tables.own(connection, view);
            var aliases = new HashMap<String, Set<String>>();
            states(connection, view).forEach(state -> aliases.put(state.index(), new TreeSet<>(state.aliases())));
            var deleted = new ArrayList<String>();
            for (var change : changes) {
                var own = aliases.get(index(change));
                if (own == null || change instanceof AliasChange.Remove(_, var alias) && !own.remove(alias)) {
                    return false;
                }
                if (change instanceof AliasChange.Add(_, var alias)) {
                    own.add(alias);
                } else if (change instanceof AliasChange.Delete(var index)) {
                    deleted.add(index);
                }
            }
            keep(connection, aliases);
            show(connection, view);
            for (var index : deleted) {
                drop(connection, index);
            }
            return true;
        });
    }

    private static String index(AliasChange change) {
        return switch (change) {
            case AliasChange.Add(var index, _) -> index;
            case AliasChange.Remove(var index, _) -> index;
            case AliasChange.Delete(var index) -> index;
        };
    }

    private void keep(Connection connection, Map<String, Set<String>> aliases) throws SQLException {
        try (var statement = tables.prepare(connection, "UPDATE " + tables.book() + " SET aliases = ? WHERE name = ?")) {
            for (var own : aliases.entrySet()) {
                statement.setArray(1, connection.createArrayOf("text", own.getValue().toArray()));
                statement.setString(2, own.getKey());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private void drop(Connection connection, String index) throws SQLException {
        try (var marks = tables.prepare(connection, "DELETE FROM " + tables.marks() + " WHERE mark->>'index' = (SELECT uuid::text FROM " + tables.book() + " WHERE name = ?)");
                var book = tables.prepare(connection, "DELETE FROM " + tables.book() + " WHERE name = ?")) {
            marks.setString(1, index);
            marks.executeUpdate();
            book.setString(1, index);
            book.executeUpdate();
        }
        tables.execute(connection, "DROP TABLE " + tables.name(index));
    }

    /** What is committed is seen. */
    @Override
    public String refresh(String index) {
        return null;
    }

    /** A document of any shape is taken. */
    @Override
    public String grow(Pipeline pipeline, Generation generation) {
        return null;
    }

    /** Notes on which timeline of the database the table is opened, and has the view back where somebody took it away. */
    @Override
    public void adjust(Pipeline pipeline, IndexState found, boolean filling) {
        asked("Opening the table " + found.index(), connection -> {
            refuseLosing(connection);
            timelines.put(found.uuid(), timeline(connection));
            if (!tables.isThere(connection, pipeline.index().name())) {
                tables.own(connection, pipeline.index().name());
                show(connection, pipeline.index().name());
            }
            return null;
        });
    }

    private void refuseLosing(Connection connection) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT current_user WHERE current_setting('synchronous_commit') = 'off'")) {
            var row = statement.executeQuery();
            if (row.next()) {
                throw new SearchAwayException("The database answers commits before they are kept (synchronous_commit is off), so a crash would lose documents that count as written; ALTER ROLE \"" + row.getString(1) + "\" SET synchronous_commit = on");
            }
        }
    }

    /** Another one follows when a standby takes over, or the database is brought back from a backup; either may have lost commits. */
    private String timeline(Connection connection) throws SQLException {
        try (var statement = tables.prepare(connection, TIMELINE)) {
            var row = statement.executeQuery();
            row.next();
            return row.getString(1);
        }
    }

    /**
     * Why a table may not be written now; null where it may. It holds until the transaction ends.
     */
    String refusal(Connection connection, Generation generation) throws SQLException {
        tables.share(connection, Tables.viewOf(generation.index()));
        try (var statement = tables.prepare(connection, "SELECT uuid::text, ? = ANY (aliases), (" + TIMELINE + ") FROM " + tables.book() + " WHERE name = ? AND to_regclass(format('%I.%I', ?, name)) IS NOT NULL")) {
            statement.setString(1, generation.writeAlias());
            statement.setString(2, generation.index());
            statement.setString(3, tables.schema());
            var row = statement.executeQuery();
            if (!row.next() || !row.getString(1).equals(generation.uuid())) {
                return "the table " + generation.index() + " is not there any more";
            }
            if (!row.getBoolean(2)) {
                return "the table " + generation.index() + " is not written as " + generation.writeAlias() + " any more";
            }
            return leap(generation.uuid(), row.getString(3));
        }
    }

    /**
     * Why what was written to a table may be missing there, though its writers have not opened it anew yet; null where nothing says so.
     *
     * @param uuid the table's id
     */
    String leap(Connection connection, String uuid) throws SQLException {
        return leap(uuid, timeline(connection));
    }

    private String leap(String uuid, String now) {
        var opened = timelines.get(uuid);
        return now.equals(opened) ? null : "the database went from timeline " + opened + " to " + now + ", so a standby took over or it came back from a backup, and documents that were written may be missing";
    }

    @Override
    public String copying(String index) {
        return null;
    }

    @Override
    public boolean isEmpty(String index) {
        return asked("Looking into the table " + index, connection -> {
            try (var statement = tables.prepare(connection, "SELECT 1 FROM " + tables.name(index) + " LIMIT 1")) {
                return !statement.executeQuery().next();
            }
        });
    }

    @Override
    public long count(String index) {
        return asked("Counting the documents of the table " + index, connection -> {
            try (var statement = tables.prepare(connection, "SELECT count(*) FROM " + tables.name(index) + " WHERE document IS NOT NULL")) {
                var row = statement.executeQuery();
                row.next();
                return row.getLong(1);
            }
        });
    }

    @Override
    public List<String> sample(String index, int size) {
        return asked("Taking documents of the table " + index + " at random", connection -> {
            try (var statement = tables.prepare(connection, "SELECT id FROM " + tables.name(index) + " WHERE document IS NOT NULL ORDER BY random() LIMIT ?")) {
                statement.setInt(1, size);
                var rows = statement.executeQuery();
                var ids = new ArrayList<String>();
                while (rows.next()) {
                    ids.add(rows.getString(1));
                }
                return ids;
            }
        });
    }

    @Override
    public Map<String, JsonNode> documents(String index, List<String> ids) {
        var documents = new HashMap<String, JsonNode>();
        ids.forEach(id -> documents.put(id, json.createObjectNode().put("found", false)));
        return asked("Reading documents of the table " + index, connection -> {
            try (var statement = tables.prepare(connection, "SELECT id, version, document::text FROM " + tables.name(index) + " WHERE document IS NOT NULL AND id = ANY (?)")) {
                statement.setArray(1, connection.createArrayOf("text", ids.toArray()));
                var rows = statement.executeQuery();
                while (rows.next()) {
                    documents.put(rows.getString(1), json.createObjectNode().put("found", true).put("_version", rows.getLong(2)).set("_source", json.readTree(rows.getString(3))));
                }
                return documents;
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("PostgreSQL gave a jsonb that is no JSON, of the table " + index, e);
            }
        });
    }

    @Override
    public boolean isSame(Generation generation) {
        return asked("Looking at the table " + generation.index(), connection -> refusal(connection, generation) == null);
    }
}
