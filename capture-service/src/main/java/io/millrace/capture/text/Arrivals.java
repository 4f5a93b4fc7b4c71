package io.millrace.capture.text;

import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.millrace.capture.bundle.Held;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Knows when the stream has brought something. Whoever asks Debezium's queue for changes spins through the last millisecond of each wait,
 * so it is not asked while nothing comes. Thread-safe.
 */
final class Arrivals {

    private static final long LONGEST_MILLIS = 1000;

    private final Semaphore arrived = new Semaphore(0);
    private volatile boolean streaming;

    /**
     * The same connection, whose streams say what they bring.
     *
     * @param name of the streams, where {@link StreamSockets} makes their sockets
     * @param held what was read of them
     */
    ReplicationConnection watched(ReplicationConnection connection, String name, Held held) {
        return (ReplicationConnection) Proxy.newProxyInstance(ReplicationConnection.class.getClassLoader(), new Class<?>[] {ReplicationConnection.class}, (_, method, arguments) -> {
            try {
                var answer = method.invoke(connection, arguments);
                if (!(answer instanceof ReplicationStream stream)) {
                    return answer;
                }
                held.begin();
                streaming = true;
                return new WatchedStream(stream, StreamSockets.of(name), held, this::arrived);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    private void arrived() {
        if (arrived.availablePermits() == 0) {
            arrived.release();
        }
    }

    /** Waits a while until something has come since the last time; returns at once where there is no stream. */
    void await() throws InterruptedException {
        if (streaming) {
            arrived.tryAcquire(LONGEST_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}
