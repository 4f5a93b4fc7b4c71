package io.millrace.denormalizer.shape;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** A real Postgres, and databases in it. */
final class Database implements AutoCloseable {

    private final LocalServers servers;

    Database(Path data) {
        servers = LocalServers.in(data, Ports.free());
        servers.postgres().start();
    }

    /** A new, empty database. */
    Connection create(String name) throws SQLException {
        try (var db = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword()); var statement = db.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        }
        return DriverManager.getConnection(servers.jdbcUrl(name), servers.postgresUser(), servers.postgresPassword());
    }

    @Override
    public void close() {
        servers.stop();
    }
}
