package io.millrace.tests.bench.scale;

import io.millrace.tests.stack.DemoStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;

/** One writer that changes rows of several tables: as fast as Postgres takes it, then in a trickle, until it is stopped. */
final class Burst implements AutoCloseable {

    private static final int SLICES = 20;
    private static final long PAUSE_NANOS = 100_000_000;
    private static final String[] CHANGES = {
        "UPDATE public.monitor SET priority = ?, modified = clock_timestamp() WHERE id % " + SLICES + " = ?",
        "UPDATE public.monitor_tag SET added_at = added_at + ? * interval '1 second' WHERE monitor_id % " + SLICES + " = ?",
        "UPDATE public.monitor SET threshold = ?, noise = random() WHERE id % " + SLICES + " = ?"};

    private final CompletableFuture<Long> done = new CompletableFuture<>();
    private volatile boolean full = true;
    private volatile boolean goOn = true;

    private Burst() {}

    static Burst start(DemoStack stack) {
        var burst = new Burst();
        Thread.ofPlatform().name("burst").start(() -> burst.run(stack));
        return burst;
    }

    private void run(DemoStack stack) {
        try (var connection = stack.connect()) {
            long rows = 0;
            for (int round = 0; goOn; round++) {
                rows += full ? change(connection, round) : one(connection, round);
                if (!full) {
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
            done.complete(rows);
        } catch (SQLException | RuntimeException e) {
            done.completeExceptionally(e);
        }
    }

    private static long change(Connection connection, int round) throws SQLException {
        try (var statement = connection.prepareStatement(CHANGES[round % CHANGES.length])) {
            statement.setInt(1, round % 1000);
            statement.setInt(2, round % SLICES);
            return statement.executeUpdate();
        }
    }

    private static long one(Connection connection, int round) throws SQLException {
        try (var statement = connection.prepareStatement("UPDATE public.monitor SET name = 'trickle ' || ? WHERE id = (SELECT min(id) FROM public.monitor WHERE id > ?)")) {
            statement.setInt(1, round);
            statement.setInt(2, round % 500);
            return statement.executeUpdate();
        }
    }

    /** From now on a row now and then, so that a record that is lost while replicas go is missed. */
    void slowDown() {
        full = false;
    }

    /** @return rows changed in all */
    long stop() throws InterruptedException {
        goOn = false;
        try {
            return done.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("Changing rows failed", e.getCause());
        }
    }

    @Override
    public void close() {
        goOn = false;
    }
}
