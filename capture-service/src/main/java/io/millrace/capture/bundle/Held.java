package io.millrace.capture.bundle;

import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationStream.ReplicationMessageProcessor;
import java.sql.SQLException;

/** What was read of a stream and Debezium was not told of yet. Used by the thread that reads the stream. */
public interface Held {

    /** A stream begins; what another one left behind counts for nothing. */
    void begin();

    /** Tells Debezium of all that was read. */
    void flush(ReplicationMessageProcessor processor) throws SQLException, InterruptedException;

    /** The LSN of what Debezium is being told; null where it was told nothing yet. */
    Lsn told();
}
