package io.millrace.indexer.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.AliasChange;
import io.millrace.indexer.generation.ConflictException;
import io.millrace.indexer.generation.Count;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.IndexStore;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * Tables as indexes: {@code <view>-<six digits>} behind the view {@code <view>}. What a table is for stands in the book, and the view is changed in the transaction that changes that. Thread-safe.
 */
@Singleton
public final class TableStore implements IndexStore {

    private static final Logger LOG = Logger.getLogger(TableStore.class);
    /** Another timeline when a standby took over or a backup was played back, another start when the files came back from a copy, another number of the database when it was made anew. */
    private static final String INCARNATION = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || pg_postmaster_start_time() || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())";
    private static final String DROPPED = " WHERE view = ? AND to_regclass(format('%I.%I', ?, name)) IS NULL";
    private static final Duration SWEEP = Duration.ofMinutes(1);
    private static final Duration SWEEPS_FOR = Duration.ofSeconds(2);
    private static final int MOST_SWEPT = 5_000;
    /** Bytes of rows, without what is kept beside them: a table up to this is read as a whole to be counted. */
    private static final long SMALL = 64 << 20;
    /** Of a table of which PostgreSQL does not know yet how many rows it has. */
    private static final double ROWS_OF_A_PAGE = 10;
    private static final long PAGE = 8 << 10;
    /** So many times what is wanted are taken of a large table, for pages have more or fewer rows than others. */
    private static final int MORE = 3;
    private static final double ALL = 100;
    /** Parameters: the schema, three times. */
    private static final String SHOWN = """
            SELECT name, to_regclass(format('%1$I.%2$I', ?, view)) IS NOT NULL, ARRAY(SELECT DISTINCT format('%I.%I', n.nspname, c.relname) FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
                JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                AND r.ev_class = to_regclass(format('%1$I.%2$I', ?, view)) AND c.oid <> r.ev_class AND c.oid <> to_regclass(format('%1$I.%3$I', ?, view, name)))
            FROM""";

    private final Tables tables;
    private final ObjectMapper json;
    private final IndexerConfig config;
    private final TableExtras extras;
    /** When versions of deleted documents were last forgotten, by the name of the table, of {@link System#nanoTime()}. */
    private final Map<String, Long> swept = new ConcurrentHashMap<>();

    TableStore(Tables tables, ObjectMapper json, IndexerConfig config) {
        this.tables = tables;
        this.json = json;
        this.config = config;
        this.extras = new TableExtras(tables);
    }

    @Override
    public List<IndexState> of(String alias) {
        return looked("Looking for the tables behind the view " + alias, connection -> {
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

    private <T> T looked(String attempted, Tables.Work<T> work) {
        try {
            return tables.look(work);
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
        try (var statement = tables.prepare(connection, "SELECT name, number, uuid::text, made, pipeline, replaces, aliases, (" + INCARNATION + ") FROM " + tables.book()
                + " WHERE view = ? AND to_regclass(format('%I.%I', ?, name)) IS NOT NULL ORDER BY number DESC")) {
            statement.setString(1, view);
            statement.setString(2, tables.schema());
            var rows = statement.executeQuery();
            var states = new ArrayList<IndexState>();
            while (rows.next()) {
                var aliases = new TreeSet<>(texts(rows, 7));
                states.add(new IndexState(rows.getString(1), rows.getInt(2), rows.getString(3), "", rows.getTimestamp(4).toInstant(), rows.getString(5), texts(rows, 6), aliases.contains(view), aliases, rows.getString(8), JsonNodeFactory.instance.objectNode()));
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
            var there = states(connection, view);
            var like = there.stream().filter(IndexState::serves).findFirst().or(() -> there.stream().findFirst());
            if (like.isPresent()) {
                refuseUncopied(connection, like.get().index());
            }
            if (!note(connection, pipeline, index, aliases)) {
                return false;
            }
            if (like.isPresent()) {
                // What a team has made of indexes and derived columns for its questions is there when the questions come, and nobody sees more than before.
                tables.execute(connection, "CREATE TABLE " + tables.name(index) + " (LIKE " + tables.name(like.get().index()) + " INCLUDING ALL)");
                extras.copy(connection, like.get().index(), index);
            } else {
                tables.execute(connection, "CREATE TABLE " + tables.name(index) + " (id text COLLATE \"C\" PRIMARY KEY, version bigint NOT NULL, document jsonb, deleted timestamptz)");
                tables.execute(connection, "CREATE INDEX ON " + tables.name(index) + " (deleted) WHERE deleted IS NOT NULL");
            }
            if (aliases.contains(view) || !tables.isThere(connection, view)) {
                show(connection, view);
            }
            return true;
        });
    }

    private void refuseUncopied(Connection connection, String table) throws SQLException {
        var uncopied = extras.notOfAnother(connection, table);
        if (!uncopied.isEmpty()) {
            throw new ConflictException("The table " + table + " has what cannot be made for the one that is to take its place: " + String.join(", ", uncopied) + "; take it away, and give it to the other one once that serves");
        }
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

    /** With its marks, which say what it had. */
    private void forgetDropped(Connection connection, String view) throws SQLException {
        try (var marks = tables.prepare(connection, "DELETE FROM " + tables.marks() + " WHERE mark->>'index' IN (SELECT uuid::text FROM " + tables.book() + DROPPED + ")");
                var book = tables.prepare(connection, "DELETE FROM " + tables.book() + DROPPED)) {
            for (var statement : List.of(marks, book)) {
                statement.setString(1, view);
                statement.setString(2, tables.schema());
                statement.executeUpdate();
            }
        }
    }

    /** Has the view show the table that serves. Every reader waits for that, and it for every reader, so it is done only where the view shows something else. */
    private void show(Connection connection, String view) throws SQLException {
        for (var state : states(connection, view)) {
            if (state.serves()) {
                boolean anew = !tables.isThere(connection, view);
                tables.execute(connection, "CREATE OR REPLACE VIEW " + tables.name(view) + extras.options(connection, view) + " AS " + showing(state.index()));
                if (anew) {
                    extras.restore(connection, view);
                } else {
                    extras.remember(connection, view);
                }
            }
        }
    }

    private String showing(String table) {
        return "SELECT id, version, document FROM " + tables.name(table) + " WHERE document IS NOT NULL";
    }

    @Override
    public String hidden(String alias) {
        return looked("Looking at the view " + alias, connection -> {
            var hidden = hidden(connection, alias);
            if (hidden == null && !tables.isThere(connection, alias)) {
                tables.own(connection, alias);
                show(connection, alias);
            }
            return hidden;
        });
    }

    private String hidden(Connection connection, String view) throws SQLException {
        try (var statement = tables.prepare(connection, SHOWN + " " + tables.book() + " WHERE view = ? AND view = ANY (aliases)")) {
            for (int i = 1; i <= 3; i++) {
                statement.setString(i, tables.schema());
            }
            statement.setString(4, view);
            var row = statement.executeQuery();
            if (!row.next() || !row.getBoolean(2) || texts(row, 3).isEmpty()) {
                return null;
            }
            return "The view " + view + " shows " + String.join(", ", texts(row, 3)) + " by somebody's own definition, and is to show " + row.getString(1) + " alone, which is written; have it show that again: CREATE OR REPLACE VIEW "
                    + tables.name(view) + extras.options(connection, view) + " AS " + showing(row.getString(1));
        }
    }

    @Override
    public String unlike(String served, String other) {
        var differing = looked("Comparing who may see the rows of " + other, connection -> extras.differing(connection, served, other));
        return differing.isEmpty() ? null : "the tables " + other + " and " + served + " differ in who may see or write their rows, or in what happens then: " + String.join(", ", differing);
    }

    @Override
    public boolean change(List<AliasChange> changes) {
        var view = Tables.viewOf(index(changes.getFirst()));
        return asked("Changing what tables are for, " + changes + ",", connection -> {
            tables.own(connection, view);
            var aliases = new HashMap<String, Set<String>>();
            states(connection, view).forEach(state -> aliases.put(state.index(), new TreeSet<>(state.aliases())));
            var shown = having(aliases, view);
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
            if (!having(aliases, view).equals(shown) || !tables.isThere(connection, view)) {
                show(connection, view);
            }
            for (var index : deleted) {
                drop(connection, index);
            }
            return true;
        });
    }

    private static Set<String> having(Map<String, Set<String>> aliases, String alias) {
        return aliases.entrySet().stream().filter(own -> own.getValue().contains(alias)).map(Map.Entry::getKey).collect(Collectors.toSet());
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

    /** Has the view back where somebody took it away. One that was filled is analyzed, so that the first questions of its readers are planned for what it holds. */
    @Override
    public String adjust(Pipeline pipeline, IndexState found, boolean filling) {
        if (found.isFilling() && !filling) {
            analyze(found.index());
        }
        return asked("Opening the table " + found.index(), connection -> {
            refuseLosing(connection, found.index());
            if (!tables.isThere(connection, pipeline.index().name())) {
                tables.own(connection, pipeline.index().name());
                show(connection, pipeline.index().name());
            } else {
                extras.remember(connection, pipeline.index().name());
            }
            return null;
        });
    }

    private void analyze(String index) {
        try {
            tables.transaction(connection -> {
                tables.execute(connection, "ANALYZE " + tables.name(index));
                return null;
            });
        } catch (SQLException e) {
            LOG.warnf("The table %s is not analyzed before it takes over, so its first questions may be slow: %s", index, tables.why(e));
        }
    }

    private void refuseLosing(Connection connection, String index) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT quote_ident(current_user), current_setting('synchronous_commit') = 'off', oid::regclass::text, relpersistence = 'u' FROM pg_class WHERE oid = to_regclass(?)")) {
            statement.setString(1, tables.name(index));
            var row = statement.executeQuery();
            if (!row.next()) {
                return;
            }
            if (row.getBoolean(2)) {
                throw new SearchAwayException("The database answers commits before they are kept (synchronous_commit is off), so a crash would lose documents that count as written; ALTER ROLE " + row.getString(1) + " SET synchronous_commit = on");
            }
            if (row.getBoolean(4)) {
                throw new SearchAwayException("A crash would empty the table " + row.getString(3) + ", which is unlogged, while its marks say that it has all; ALTER TABLE " + row.getString(3) + " SET LOGGED");
            }
        }
    }

    /** Why a table may not be written now; null where it may. It holds until the transaction ends. */
    String refusal(Connection connection, Generation generation) throws SQLException {
        tables.share(connection, Tables.viewOf(generation.index()));
        var aliases = aliases(connection, generation);
        if (aliases.isEmpty()) {
            return "the table " + generation.index() + " is not there any more";
        }
        return aliases.get().contains(generation.writeAlias()) ? leap(connection, generation) : "the table " + generation.index() + " is not written as " + generation.writeAlias() + " any more";
    }

    /** What a table is for; empty where it is not there any more, or another one of its name is. */
    private Optional<List<String>> aliases(Connection connection, Generation generation) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT aliases FROM " + tables.book() + " WHERE name = ? AND uuid::text = ? AND to_regclass(format('%I.%I', ?, name)) IS NOT NULL")) {
            statement.setString(1, generation.index());
            statement.setString(2, generation.uuid());
            statement.setString(3, tables.schema());
            var row = statement.executeQuery();
            return row.next() ? Optional.of(texts(row, 1)) : Optional.empty();
        }
    }

    /** Why what was written to a table since it was opened may be missing there; null where nothing says so. */
    String leap(Connection connection, Generation generation) throws SQLException {
        try (var statement = tables.prepare(connection, INCARNATION)) {
            var row = statement.executeQuery();
            row.next();
            return row.getString(1).equals(generation.incarnation()) ? null : "the server of the table was started anew, or another one took over, so documents that were written may be missing";
        }
    }

    /** Forgets versions of documents that were deleted long ago, part by part: a write waits for one part at most, and whoever asks for this for some seconds. */
    @Override
    public void tend(Generation generation) {
        long now = System.nanoTime();
        var last = swept.putIfAbsent(generation.index(), now);
        if (last == null || now - last < SWEEP.toNanos() || !swept.replace(generation.index(), last, now)) {
            return;
        }
        int forgotten = MOST_SWEPT;
        while (forgotten == MOST_SWEPT && System.nanoTime() - now < SWEEPS_FOR.toNanos()) {
            forgotten = forget(tables.name(generation.index()));
        }
        looked("Keeping what the view of " + generation.index() + " has", connection -> {
            extras.remember(connection, Tables.viewOf(generation.index()));
            return null;
        });
    }

    /** @return of how many */
    private int forget(String table) {
        return looked("Forgetting versions of deleted documents of the table " + table, connection -> {
            try (var statement = tables.prepare(connection, "DELETE FROM " + table + " WHERE id IN (SELECT id FROM " + table + " WHERE deleted < now() - make_interval(secs => ?) ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)")) {
                statement.setDouble(1, config.rememberDeletes().toSeconds());
                statement.setInt(2, MOST_SWEPT);
                return statement.executeUpdate();
            }
        });
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

    /**
     * How large a table is.
     *
     * @param bytes of its rows, without what is kept beside them
     * @param rows as PostgreSQL estimates them by what it saw last; below zero where it has not looked yet
     * @param documents of these, those that are not deleted
     */
    private record Extent(long bytes, double rows, double documents) {

        boolean isSmall() {
            return bytes <= SMALL;
        }
    }

    private Extent extent(Connection connection, String index) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT pg_relation_size(c.oid), CASE WHEN reltuples > 0 AND relpages > 0 THEN reltuples / relpages * (pg_relation_size(c.oid) / current_setting('block_size')::int) ELSE -1 END,"
                + " coalesce((SELECT null_frac FROM pg_stats s WHERE s.schemaname = ? AND s.tablename = c.relname AND s.attname = 'document'), 0) FROM pg_class c WHERE c.oid = to_regclass(?)")) {
            statement.setString(1, tables.schema());
            statement.setString(2, tables.name(index));
            var row = statement.executeQuery();
            return row.next() ? new Extent(row.getLong(1), row.getDouble(2), row.getDouble(2) * (1 - row.getDouble(3))) : new Extent(0, -1, -1);
        }
    }

    /** A small one is counted, of a large one only what PostgreSQL knows is told: it is the database of somebody's page. */
    @Override
    public Count count(String index) {
        return looked("Counting the documents of the table " + index, connection -> {
            var extent = extent(connection, index);
            if (!extent.isSmall()) {
                return extent.rows() < 0 ? null : new Count(Math.round(extent.documents()), false);
            }
            try (var statement = tables.prepare(connection, "SELECT count(*) FROM " + tables.name(index) + " WHERE document IS NOT NULL")) {
                var row = statement.executeQuery();
                row.next();
                return new Count(row.getLong(1), true);
            }
        });
    }

    /** Of a large one some pages are read, taken at random. */
    @Override
    public List<String> sample(String index, int size) {
        return asked("Taking documents of the table " + index + " at random", connection -> {
            var extent = extent(connection, index);
            double there = extent.rows() < 0 ? extent.bytes() / PAGE * ROWS_OF_A_PAGE : extent.rows();
            try (var statement = tables.prepare(connection, "SELECT id FROM " + tables.name(index) + " TABLESAMPLE SYSTEM (?::real) WHERE document IS NOT NULL ORDER BY random() LIMIT ?")) {
                statement.setDouble(1, extent.isSmall() ? ALL : Math.min(ALL, ALL * MORE * size / there));
                statement.setInt(2, size);
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
        return looked("Looking at the table " + generation.index(), connection -> aliases(connection, generation).isPresent() && leap(connection, generation) == null);
    }
}
