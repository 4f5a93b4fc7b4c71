package io.millrace.capture.text;

import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;

/**
 * Says when the stream has brought something. Whoever asks Debezium's queue for changes spins through the last millisecond of each wait,
 * which is most of what an idle capture costs; so it is not asked while nothing comes. Thread-safe.
 */
final class Arrivals {

    private static final long LONGEST_MILLIS = 500;

    private final Semaphore arrived = new Semaphore(0);
    private volatile boolean streaming;

    /** The same connection, whose streams say what they bring. */
    ReplicationConnection watched(ReplicationConnection connection) {
        return proxy(ReplicationConnection.class, connection, (_, result) -> {
            if (result instanceof ReplicationStream stream) {
                streaming = true;
                return proxy(ReplicationStream.class, stream, this::read);
            }
            return result;
        });
    }

    /** What reads answers with true, or with nothing where it waited, when it has handed a message on. */
    private Object read(Method method, Object result) {
        if (method.getName().startsWith("read") && !Boolean.FALSE.equals(result) && arrived.availablePermits() == 0) {
            arrived.release();
        }
        return result;
    }

    private static <T> T proxy(Class<T> type, T of, BiFunction<Method, Object, Object> answered) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (_, method, arguments) -> {
            try {
                return answered.apply(method, method.invoke(of, arguments));
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    /** Waits a while until something has come since the last time; returns at once where there is no stream. */
    void await() throws InterruptedException {
        if (streaming) {
            arrived.tryAcquire(LONGEST_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}
