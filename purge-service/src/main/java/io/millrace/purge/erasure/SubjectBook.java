package io.millrace.purge.erasure;

import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/** The erasures of subjects as the source database keeps them. */
final class SubjectBook {

    private static final String TABLE = Topics.SUBJECT_ERASURE.sql();
    private static final String ENTER = "INSERT INTO " + TABLE + " (id, subject, key_hash, requested_by, reason, requested_at, idempotency_key, found) VALUES (?, ?, ?, ?, ?, clock_timestamp(), ?, ?) ON CONFLICT DO NOTHING";
    private static final String HIDE = "UPDATE " + TABLE + " SET hidden_at = clock_timestamp(), proof = ?, records_until = clock_timestamp() + CAST(? AS double precision) * interval '1 millisecond' WHERE id = ? AND hidden_at IS NULL AND ended_at IS NULL";
    private static final String END = "UPDATE " + TABLE + " SET ended_at = clock_timestamp(), ended_by = ? WHERE id = ? AND ended_at IS NULL";
    private static final String STATE = "CASE WHEN ended_at IS NOT NULL THEN 'ended' WHEN hidden_at IS NULL THEN 'requested' WHEN records_until < clock_timestamp() THEN 'carried-out' ELSE 'hidden' END";
    private static final String ALL = "SELECT *, " + STATE + " AS state FROM " + TABLE;

    private SubjectBook() {}

    /** Whether it was entered: not where the Idempotency-Key was used, or an erasure of the same key stands. */
    static boolean enter(Connection connection, UUID id, String subject, String keyHash, String by, String reason, String idempotencyKey, Map<String, Long> found) throws SQLException {
        return update(connection, ENTER, id, subject, keyHash, by, reason, idempotencyKey, found.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining("\n"))) == 1;
    }

    /** @param proof what was looked at; @param kept how long older records are kept in Kafka at most, in milliseconds; null where there is no limit */
    static boolean hide(Connection connection, UUID id, String proof, Long kept) throws SQLException {
        return update(connection, HIDE, proof, kept, id) == 1;
    }

    static boolean end(Connection connection, UUID id, String by) throws SQLException {
        return update(connection, END, by, id) == 1;
    }

    private static int update(Connection connection, String sql, Object... parameters) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement.executeUpdate();
        }
    }

    static Optional<SubjectErasure> find(Connection connection, UUID id) throws SQLException {
        return read(connection, " WHERE id = ?", id).stream().findFirst();
    }

    static Optional<SubjectErasure> ofKey(Connection connection, String idempotencyKey) throws SQLException {
        return read(connection, " WHERE idempotency_key = ?", idempotencyKey).stream().findFirst();
    }

    /** The one that stands. */
    static Optional<SubjectErasure> standing(Connection connection, String subject, String keyHash) throws SQLException {
        return read(connection, " WHERE subject = ? AND key_hash = ? AND ended_at IS NULL", subject, keyHash).stream().findFirst();
    }

    /** Those that are not seen hidden, the oldest first. */
    static List<SubjectErasure> ordered(Connection connection) throws SQLException {
        return read(connection, " WHERE hidden_at IS NULL AND ended_at IS NULL ORDER BY requested_at");
    }

    /** The newest first. @param state null for any; @param before null for the newest */
    static List<SubjectErasure> list(Connection connection, Collection<String> subjects, State state, Instant before, int limit) throws SQLException {
        var text = state == null ? null : state.text();
        return read(connection, " WHERE subject = ANY (?) AND (?::text IS NULL OR " + STATE + " = ?) AND (?::timestamptz IS NULL OR requested_at < ?) ORDER BY requested_at DESC, id LIMIT ?",
                connection.createArrayOf("text", subjects.toArray()), text, text, time(before), time(before), limit);
    }

    private static OffsetDateTime time(Instant instant) {
        return instant == null ? null : OffsetDateTime.ofInstant(instant, ZoneOffset.UTC);
    }

    private static List<SubjectErasure> read(Connection connection, String where, Object... parameters) throws SQLException {
        try (var statement = connection.prepareStatement(ALL + where)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            var all = new ArrayList<SubjectErasure>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    all.add(erasure(rows));
                }
            }
            return all;
        }
    }

    private static SubjectErasure erasure(ResultSet row) throws SQLException {
        var found = new LinkedHashMap<String, Long>();
        row.getString("found").lines().map(line -> line.split("=(?=\\d+$)")).forEach(parts -> found.put(parts[0], Long.valueOf(parts[1])));
        return new SubjectErasure(row.getObject("id", UUID.class), row.getString("subject"), row.getString("key_hash"), State.fromString(row.getString("state")), row.getString("requested_by"), row.getString("reason"),
                time(row, "requested_at"), found, null, time(row, "hidden_at"), row.getString("proof"), time(row, "records_until"), time(row, "ended_at"), row.getString("ended_by"));
    }

    private static Instant time(ResultSet row, String column) throws SQLException {
        var time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
