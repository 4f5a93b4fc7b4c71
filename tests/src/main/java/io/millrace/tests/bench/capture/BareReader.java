package io.millrace.tests.bench.capture;

import io.millrace.pipeline.topic.Topics;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;

/**
 * Reads what {@code pgoutput} sends and does nothing with it: what {@code pg_recvlogical} does, which is not among the local
 * binaries. It confirms nothing, so the same log can be read again.
 */
final class BareReader {

    private static final String SLOT = "bench_bare";

    private BareReader() {}

    /** Makes its slot, at the end of the log. */
    static void begin(CaptureStack stack, String source) throws SQLException {
        stack.sql(source, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '" + SLOT + "'", "SELECT pg_create_logical_replication_slot('" + SLOT + "', 'pgoutput')");
    }

    static void end(CaptureStack stack, String source) throws SQLException {
        stack.sql(source, "SELECT pg_drop_replication_slot('" + SLOT + "')");
    }

    /** Rows a second, from the first change to the last of so many. */
    static double read(CaptureStack stack, String source, long rows) throws SQLException {
        var properties = new Properties();
        PGProperty.USER.set(properties, stack.servers().postgresUser());
        PGProperty.PASSWORD.set(properties, stack.servers().postgresPassword());
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
        try (var connection = DriverManager.getConnection(stack.servers().jdbcUrl(source), properties);
                var stream = connection.unwrap(PGConnection.class).getReplicationAPI().replicationStream().logical().withSlotName(SLOT)
                        .withSlotOption("proto_version", 1).withSlotOption("publication_names", Topics.publication(source)).start()) {
            long seen = 0;
            long began = 0;
            while (seen < rows) {
                var message = stream.read();
                if (message.get(message.position()) == 'I') {
                    seen++;
                    began = began == 0 ? System.nanoTime() : began;
                }
            }
            return (rows - 1) * 1e9 / (System.nanoTime() - began);
        }
    }
}
