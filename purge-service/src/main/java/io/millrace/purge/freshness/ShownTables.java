package io.millrace.purge.freshness;

import io.agroal.api.AgroalDataSource;
import io.millrace.purge.PurgeConfig;
import io.quarkus.agroal.DataSource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import java.io.IOException;
import java.sql.SQLException;
import java.util.regex.Pattern;

/** Which table a view of documents shows, by the book that the indexer changes together with the view. Thread-safe. */
@ApplicationScoped
class ShownTables {

    private static final Pattern SECRETS = Pattern.compile("\\?.*");

    private final Instance<AgroalDataSource> database;
    private final PurgeConfig.Freshness config;

    ShownTables(@DataSource("documents") Instance<AgroalDataSource> database, PurgeConfig config) {
        this.database = database;
        this.config = config.freshness();
    }

    /**
     * The indexer's id of the table that a view shows; empty where there is none.
     *
     * @throws IOException when the database does not tell, with what to do
     */
    String uuid(String view) throws IOException {
        var url = config.tableUrl().orElseThrow(() -> new IOException("which table the view " + view + " shows is not known here; set millrace.purge.freshness.table-url as millrace.indexer.table-url is set"));
        var query = "SELECT uuid::text FROM \"" + config.tableSchema() + "\".millrace_index WHERE view = ? AND view = ANY (aliases) AND to_regclass(format('%I.%I', ?, name)) IS NOT NULL";
        try (var connection = database.get().getConnection(); var statement = connection.prepareStatement(query)) {
            statement.setString(1, view);
            statement.setString(2, config.tableSchema());
            try (var row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : "";
            }
        } catch (SQLException e) {
            throw new IOException("asking the book of the tables in the schema " + config.tableSchema() + " of " + SECRETS.matcher(url).replaceFirst("") + " failed: " + e.getMessage()
                    + "; check millrace.purge.freshness.table-url, table-user and table-password, and that this user may read millrace_index there", e);
        }
    }
}
