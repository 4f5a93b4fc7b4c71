package io.millrace.purge.outcome;

import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes down which erasures deletes of documents have carried out. Repeating it changes nothing. */
@ApplicationScoped
class Outcomes {

    /**
     * The first delete whose cause was committed at or after the request counts: an erasure commits after it is written
     * down, and both times are of the same clock.
     */
    private static final String WRITE = """
            INSERT INTO millrace.purge_outcome (erasure, version, seen_at)
            SELECT a.id, d.version, clock_timestamp()
            FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bigint[]) WITH ORDINALITY AS d(pipeline, document, version, committed, place)
            JOIN millrace.purge_audit a ON a.pipeline = d.pipeline AND a.document_id = d.document
              AND a.requested_at <= timestamptz 'epoch' + d.committed * interval '1 microsecond'
            WHERE NOT EXISTS (SELECT FROM millrace.purge_outcome o WHERE o.erasure = a.id)
            ORDER BY d.place
            ON CONFLICT (erasure) DO NOTHING
            RETURNING (SELECT w.pipeline FROM millrace.purge_audit w WHERE w.id = erasure)""";

    private final AgroalDataSource database;
    private final MeterRegistry meters;

    Outcomes(AgroalDataSource database, MeterRegistry meters) {
        this.database = database;
        this.meters = meters;
    }

    /** @param deletes in the order of their topic */
    void write(List<Tombstone> deletes) throws SQLException {
        var carriedOut = new HashMap<String, Integer>();
        try (var connection = database.getConnection(); var statement = connection.prepareStatement(WRITE)) {
            statement.setArray(1, connection.createArrayOf("text", deletes.stream().map(Tombstone::pipeline).toArray()));
            statement.setArray(2, connection.createArrayOf("text", deletes.stream().map(Tombstone::document).toArray()));
            statement.setArray(3, connection.createArrayOf("bigint", deletes.stream().map(Tombstone::version).toArray()));
            statement.setArray(4, connection.createArrayOf("bigint", deletes.stream().map(Tombstone::committedMicros).toArray()));
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    carriedOut.merge(rows.getString(1), 1, Integer::sum);
                }
            }
        }
        count(carriedOut);
    }

    private void count(Map<String, Integer> carriedOut) {
        carriedOut.forEach((pipeline, erasures) -> meters.counter("millrace.records", "stage", "purge", "pipeline", pipeline, "outcome", "carried-out").increment(erasures));
    }
}
