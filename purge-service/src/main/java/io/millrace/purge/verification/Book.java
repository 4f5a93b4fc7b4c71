package io.millrace.purge.verification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.agroal.api.AgroalDataSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The verifications in the source database, where all instances see them. Thread-safe. */
@ApplicationScoped
class Book {

    /** A running verification says how far it is every few seconds; one that has not for so long is no longer run. */
    private static final String GONE = "seen_at < clock_timestamp() - interval '2 minutes'";
    private static final String COLUMNS = "SELECT id, pipeline, CASE WHEN state = 'running' AND " + GONE + " THEN 'interrupted' ELSE state END AS state, repair, sample, requested_by, requested_at, seen_at, report FROM millrace.verification";
    private static final String LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('millrace.verification ' || ?, 0))";
    /** Only the last verification tells what is in documents. */
    private static final String FORGET = "UPDATE millrace.verification SET report = (report::jsonb - 'found')::text WHERE pipeline = ? AND report LIKE '%\"found\":[{%' AND (state <> 'running' OR " + GONE + ")";
    private static final String BEGIN = """
            INSERT INTO millrace.verification (id, pipeline, requested_by, requested_at, repair, sample, state, report, seen_at)
            SELECT ?, ?, ?, clock_timestamp(), ?, ?, 'running', ?, clock_timestamp()
            WHERE NOT EXISTS (SELECT FROM millrace.verification v WHERE v.pipeline = ? AND (v.state = 'running' AND NOT v.%s OR v.seen_at > clock_timestamp() - make_interval(secs => ?)))""".formatted(GONE);
    private static final String TELL = "UPDATE millrace.verification SET state = ?, report = ?, seen_at = clock_timestamp() WHERE id = ? AND state = 'running'";
    private static final String STOP = "UPDATE millrace.verification SET state = 'stopped', seen_at = clock_timestamp() WHERE id = ? AND state = 'running'";
    private static final String LAST = " WHERE pipeline = ? AND state IN ('agrees', 'differs', 'undecided') AND sample >= ? ORDER BY requested_at DESC LIMIT 1";

    private final AgroalDataSource database;
    private final ObjectMapper json;

    Book(AgroalDataSource database, ObjectMapper json) {
        this.database = database;
        this.json = json;
    }

    /**
     * Enters a verification.
     *
     * @param since how long nothing may have been entered or ended of the pipeline
     * @return false where one of the pipeline runs, or did within that time
     */
    boolean begin(UUID id, String pipeline, String requestedBy, VerificationRequest request, Duration since) throws SQLException {
        try (var connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try (var lock = connection.prepareStatement(LOCK); var begin = connection.prepareStatement(BEGIN)) {
                lock.setString(1, pipeline);
                lock.execute();
                begin.setObject(1, id);
                begin.setString(2, pipeline);
                begin.setString(3, requestedBy);
                begin.setBoolean(4, request.repairs());
                begin.setDouble(5, request.percent());
                begin.setString(6, text(Report.NONE));
                begin.setString(7, pipeline);
                begin.setDouble(8, since.toMillis() / 1000.0);
                boolean begun = begin.executeUpdate() == 1;
                if (begun) {
                    forget(connection, pipeline);
                }
                connection.commit();
                return begun;
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    private static void forget(Connection connection, String pipeline) throws SQLException {
        try (var forget = connection.prepareStatement(FORGET)) {
            forget.setString(1, pipeline);
            forget.executeUpdate();
        }
    }

    /** @return false where it is no longer to run */
    boolean tell(UUID id, State state, Report report) throws SQLException {
        try (var connection = database.getConnection(); var statement = connection.prepareStatement(TELL)) {
            statement.setString(1, state.text());
            statement.setString(2, text(report));
            statement.setObject(3, id);
            return statement.executeUpdate() == 1;
        }
    }

    /** @return false where it does not run */
    boolean stop(UUID id) throws SQLException {
        try (var connection = database.getConnection(); var statement = connection.prepareStatement(STOP)) {
            statement.setObject(1, id);
            return statement.executeUpdate() == 1;
        }
    }

    Optional<Verification> find(UUID id) throws SQLException {
        return read(" WHERE id = ?", id).stream().findFirst();
    }

    /** The newest first. @param pipeline null for all */
    List<Verification> list(String pipeline, int limit) throws SQLException {
        return pipeline == null ? read(" ORDER BY requested_at DESC LIMIT ?", limit) : read(" WHERE pipeline = ? ORDER BY requested_at DESC LIMIT ?", pipeline, limit);
    }

    /** Those of one who asked, the newest first. */
    List<Verification> by(String requestedBy) throws SQLException {
        return read(" WHERE requested_by = ? ORDER BY requested_at DESC LIMIT 100", requestedBy);
    }

    /** The last that came to its end. @param sample percent of the documents that it compared at least */
    Optional<Verification> last(String pipeline, double sample) throws SQLException {
        return read(LAST, pipeline, sample).stream().findFirst();
    }

    private List<Verification> read(String where, Object... parameters) throws SQLException {
        try (var connection = database.getConnection(); var statement = connection.prepareStatement(COLUMNS + where)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            var all = new ArrayList<Verification>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    all.add(verification(rows));
                }
            }
            return all;
        }
    }

    private Verification verification(ResultSet row) throws SQLException {
        var report = report(row.getString("report"));
        return new Verification(row.getObject("id", UUID.class), row.getString("pipeline"), State.of(row.getString("state")), row.getBoolean("repair"), row.getDouble("sample"), row.getString("requested_by"),
                row.getObject("requested_at", OffsetDateTime.class).toInstant(), row.getObject("seen_at", OffsetDateTime.class).toInstant(), report.differences(), report);
    }

    private String text(Report report) {
        try {
            return json.writeValueAsString(report);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A report is JSON", e);
        }
    }

    private Report report(String text) {
        try {
            return json.readValue(text, Report.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A report in millrace.verification cannot be read, a newer version may have written it: " + e.getOriginalMessage(), e);
        }
    }
}
