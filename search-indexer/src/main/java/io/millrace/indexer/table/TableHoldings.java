package io.millrace.indexer.table;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.reconcile.Holdings;
import io.millrace.indexer.reconcile.IndexGoneMeanwhileException;
import io.millrace.indexer.reconcile.Known;
import io.millrace.pipeline.liveness.Loop;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** What tables hold: read page by page in the order of the ids, deleted where the row is still the one that was read. Thread-safe. */
@Singleton
public final class TableHoldings implements Holdings {

    private static final int PAGE = 2_000;

    private final Tables tables;
    private final TableStore store;
    private final IndexerConfig config;

    TableHoldings(Tables tables, TableStore store, IndexerConfig config) {
        this.tables = tables;
        this.store = store;
        this.config = config;
    }

    @Override
    public void each(Generation generation, Sink to, Loop loop) throws IOException {
        try {
            var last = "";
            while (last != null) {
                loop.waits(config.requestTimeout());
                var after = last;
                var page = tables.transaction(connection -> page(connection, generation.index(), after));
                for (var known : page) {
                    to.put(known);
                }
                last = page.isEmpty() ? null : page.getLast().id();
            }
        } catch (SQLException e) {
            throw new IOException("Reading the ids of the table " + generation.index() + " failed: " + tables.why(e), e);
        }
    }

    private List<Known> page(Connection connection, String table, String after) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT id, version, xmin::text::bigint FROM " + tables.name(table) + " WHERE id > ? AND document IS NOT NULL ORDER BY id LIMIT " + PAGE)) {
            statement.setString(1, after);
            var rows = statement.executeQuery();
            var page = new ArrayList<Known>();
            while (rows.next()) {
                page.add(new Known(rows.getString(1), rows.getLong(2), rows.getLong(3)));
            }
            return page;
        }
    }

    @Override
    public int delete(Generation generation, List<Known> documents) throws IOException {
        try {
            int deleted = tables.transaction(connection -> store.refusal(connection, generation) == null ? delete(connection, generation.index(), documents) : -1);
            if (deleted < 0) {
                throw new IndexGoneMeanwhileException("The table " + generation.index() + " cannot be written as " + generation.writeAlias() + " any more");
            }
            return deleted;
        } catch (SQLException e) {
            throw new IOException("Deleting from the table " + generation.index() + " failed: " + tables.why(e), e);
        }
    }

    private int delete(Connection connection, String table, List<Known> documents) throws SQLException {
        try (var statement = tables.prepare(connection, "UPDATE " + tables.name(table) + " AS t SET document = NULL, deleted = now() FROM unnest(?::text[], ?::bigint[], ?::bigint[]) AS k (id, version, written)"
                + " WHERE t.id = k.id AND t.version = k.version AND t.xmin::text::bigint = k.written AND t.document IS NOT NULL")) {
            statement.setArray(1, connection.createArrayOf("text", documents.stream().map(Known::id).toArray()));
            statement.setArray(2, connection.createArrayOf("int8", documents.stream().map(Known::seqNo).toArray()));
            statement.setArray(3, connection.createArrayOf("int8", documents.stream().map(Known::term).toArray()));
            return statement.executeUpdate();
        }
    }
}
