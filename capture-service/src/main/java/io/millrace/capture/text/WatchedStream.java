package io.millrace.capture.text;

import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.millrace.capture.bundle.Held;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;

/**
 * A stream that says when it has brought something, and that is waited for at its socket while it brings nothing: each question to the
 * driver whether something has come costs an exception where nothing has. One thread reads it.
 */
final class WatchedStream implements ReplicationStream {

    /** Whoever ends the stream waits as long at most. */
    private static final Duration LONGEST = Duration.ofMillis(500);

    private static final String CONNECTION_FAILURE = "08006";

    /** Messages that are read before Debezium does something else. */
    private static final int MOST_AT_ONCE = 256;

    private final ReplicationStream stream;
    private final StreamSocket socket;
    private final Runnable arrived;
    private final Held held;
    /** Whether it was last asked in vain: nothing is held between the socket and its reader then. */
    private boolean idle;
    /** Whether there may be more than what was read, and some of that is held. */
    private boolean full;

    /**
     * @param socket through which it comes, null where that is not known
     * @param held what was read of it
     * @param arrived is told of everything that the stream brings
     */
    WatchedStream(ReplicationStream stream, StreamSocket socket, Held held, Runnable arrived) {
        this.stream = stream;
        this.socket = socket;
        this.held = held;
        this.arrived = arrived;
    }

    @Override
    public void read(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        stream.read(processor);
        held.flush(processor);
        idle = false;
        arrived.run();
    }

    @Override
    public boolean readPending(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        if (idle && socket != null && !comes()) {
            held.flush(processor);
            return false;
        }
        boolean wasFull = full;
        int messages = 0;
        idle = false;
        while (!idle && messages < MOST_AT_ONCE) {
            idle = !stream.readPending(processor);
            messages += idle ? 0 : 1;
        }
        full = !idle;
        if (idle) {
            held.flush(processor);
        }
        if (messages > 0 || wasFull) {
            arrived.run();
        }
        return messages > 0;
    }

    private boolean comes() throws SQLException {
        try {
            return socket.await(LONGEST);
        } catch (IOException e) {
            throw new SQLException("The connection of the stream cannot be read (" + e.getMessage() + ")", CONNECTION_FAILURE, e);
        }
    }

    @Override
    public void flushLsn(Lsn lsn) throws SQLException {
        stream.flushLsn(lsn);
    }

    @Override
    public Lsn lastReceivedLsn() {
        var told = held.told();
        return told == null ? stream.lastReceivedLsn() : told;
    }

    @Override
    public Lsn startLsn() {
        return stream.startLsn();
    }

    @Override
    public void startKeepAlive(ExecutorService service) {
        stream.startKeepAlive(service);
    }

    @Override
    public void stopKeepAlive() {
        stream.stopKeepAlive();
    }

    @Override
    public void close() throws Exception {
        stream.close();
    }
}
