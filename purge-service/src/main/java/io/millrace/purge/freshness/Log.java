package io.millrace.purge.freshness;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.record.Position;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;

/** Writes into the source's log. Thread-safe. */
@ApplicationScoped
class Log {

    private static final String BEAT = """
            INSERT INTO millrace.heartbeat (id, beat) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat = excluded.beat
            RETURNING pg_current_wal_insert_lsn()::text""";

    private final AgroalDataSource database;

    Log(AgroalDataSource database) {
        this.database = database;
    }

    /** Commits a heartbeat, by which capture sees that it has passed everything before. @return where the log ended shortly before that */
    long beat() throws SQLException {
        try (var connection = database.getConnection(); var statement = connection.createStatement(); var row = statement.executeQuery(BEAT)) {
            row.next();
            return Position.parseLsn(row.getString(1));
        }
    }
}
