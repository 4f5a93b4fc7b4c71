package io.millrace.launcher.stack;

import io.millrace.demo.DemoData;
import io.millrace.launcher.Output;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.pipeline.wording.Counted;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Locale;

/** The demo's database in the local PostgreSQL. */
public final class DemoDatabase {

    private static final String ROLE = "millrace";

    private static final long SEED = 1;

    private DemoDatabase() {}

    /** As whom a service comes; the provisioner makes these roles. Where nothing is secured the name is the password too: local like the superuser's, so fixed like that one's. */
    public static String role(SourceUser user) {
        return switch (user) {
            case CAPTURE -> ROLE;
            case PURGE, CONSOLE -> ROLE + "_" + user.name().toLowerCase(Locale.ROOT);
        };
    }

    /** Makes the database and its tables, and fills them, where that has not been done. */
    public static void prepare(Stack stack, Output output) {
        var demo = stack.options().source();
        var servers = stack.servers();
        try {
            create(servers, demo.database());
            try (var connection = DriverManager.getConnection(servers.jdbcUrl(demo.database()), servers.postgresUser(), servers.postgresPassword())) {
                load(connection, demo, output);
            }
        } catch (SQLException e) {
            throw new LocalException("Making the demo database in " + servers.jdbcUrl(demo.database()) + " failed: " + e.getMessage()
                    + ". Start afresh with ./millrace reset --data " + stack.options().data(), e);
        }
    }

    /** Makes a database where there is none of that name. */
    static void create(LocalServers servers, String database) throws SQLException {
        try (var connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword());
                var query = connection.prepareStatement("SELECT FROM pg_database WHERE datname = ?")) {
            query.setString(1, database);
            if (!query.executeQuery().next()) {
                try (var statement = connection.createStatement()) {
                    statement.execute("CREATE DATABASE " + statement.enquoteIdentifier(database, false));
                }
            }
        }
    }

    private static void load(Connection connection, StackOptions.DemoSource demo, Output output) throws SQLException {
        DemoData.createSchema(connection);
        if (demo.monitors() > 0 && !DemoData.isLoaded(connection)) {
            var loaded = DemoData.load(connection, SEED, demo.monitors());
            output.line("Demo loaded: %s, %s in all, in %.1f s".formatted(Counted.of(loaded.monitors(), "monitor"), Counted.of(loaded.rows(), "row"), loaded.took().toMillis() / 1000.0));
        }
    }
}
