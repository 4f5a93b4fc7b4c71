package io.millrace.console.document;

import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.retention.Holding;
import io.millrace.pipeline.sql.JoinSql;
import java.sql.Connection;
import java.sql.SQLException;

/** Asks Postgres for one document of a pipeline, by the SQL query that the pipeline's documents equal. */
final class Twin {

    private Twin() {}

    /**
     * The document as Postgres has it now; null where no row makes it, or its time is over.
     *
     * @throws IllegalArgumentException when no row can be found by this id, or the pipeline does not fit the database
     */
    static String read(Connection connection, Pipeline pipeline, String id) throws SQLException {
        var catalog = CatalogReader.read(connection, pipeline.tableNames());
        var root = catalog.tables().get(pipeline.document().table());
        if (root == null) {
            throw new IllegalArgumentException("there is no table " + pipeline.document().table());
        }
        var key = DocumentId.key(id, root.primaryKey());
        try (var settings = connection.createStatement()) {
            settings.execute("SET TIME ZONE 'UTC'");
        }
        try (var statement = connection.prepareStatement(JoinSql.ofOne(pipeline, catalog, Holding.of(connection, pipeline)))) {
            for (int i = 0; i < key.size(); i++) {
                statement.setString(i + 1, key.get(i));
            }
            try (var row = statement.executeQuery()) {
                return row.next() ? row.getString("document") : null;
            }
        }
    }
}
