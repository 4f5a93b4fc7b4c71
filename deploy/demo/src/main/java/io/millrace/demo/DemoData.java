package io.millrace.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** The demo's tables and their rows. */
public final class DemoData {

    private DemoData() {}

    /** Creates the tables in {@code public}; does nothing where they already are. */
    public static void createSchema(Connection connection) throws SQLException {
        if (exists(connection)) {
            return;
        }
        inTransaction(connection, () -> {
            try (var statement = connection.createStatement()) {
                statement.execute(schema());
            }
        });
    }

    /** Whether the demo's tables exist. */
    public static boolean exists(Connection connection) throws SQLException {
        return isTrue(connection, "SELECT to_regclass('public.dashboard_list_entry') IS NOT NULL");
    }

    /** Whether the tables exist and hold monitors. */
    public static boolean isLoaded(Connection connection) throws SQLException {
        return exists(connection) && isTrue(connection, "SELECT EXISTS (SELECT FROM public.monitor)");
    }

    /**
     * Fills the empty tables in one transaction, by COPY. The same seed and scale give the same rows.
     *
     * @param monitors how many monitors; everything else is in proportion
     * @throws IllegalStateException when there are rows already
     */
    public static Loaded load(Connection connection, long seed, int monitors) throws SQLException {
        createSchema(connection);
        if (isLoaded(connection)) {
            throw new IllegalStateException("Loading the demo into " + connection.getMetaData().getURL()
                    + " was refused: the table public.monitor has rows. Empty the database first (./millrace reset), or go on with the rows that are there");
        }
        long start = System.nanoTime();
        var rows = new long[1];
        inTransaction(connection, () -> rows[0] = new Generator(connection, seed, monitors).load());
        try (var statement = connection.createStatement()) {
            statement.execute("ANALYZE");
        }
        return new Loaded(monitors, rows[0], Duration.ofNanos(System.nanoTime() - start));
    }

    /**
     * @param monitors rows of the monitor table
     * @param rows rows of all tables
     */
    public record Loaded(int monitors, long rows, Duration took) {}

    private interface Work {
        void run() throws SQLException;
    }

    private static void inTransaction(Connection connection, Work work) throws SQLException {
        boolean auto = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try {
            work.run();
            connection.commit();
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(auto);
        }
    }

    private static boolean isTrue(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement(); var result = statement.executeQuery(sql)) {
            return result.next() && result.getBoolean(1);
        }
    }

    private static String schema() {
        try (var in = DemoData.class.getResourceAsStream("schema.sql")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
