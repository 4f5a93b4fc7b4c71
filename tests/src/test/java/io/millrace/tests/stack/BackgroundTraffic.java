package io.millrace.tests.stack;

import io.millrace.demo.Traffic;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Random transactions on all tables while something else happens. */
public final class BackgroundTraffic implements AutoCloseable {

    private final AtomicBoolean goOn = new AtomicBoolean(true);
    private final AtomicLong transactions = new AtomicLong();
    private final CompletableFuture<Traffic.Done> done = new CompletableFuture<>();

    private BackgroundTraffic() {}

    /** @param rate row changes a second */
    public static BackgroundTraffic start(DemoStack stack, long seed, int rate) {
        var traffic = new BackgroundTraffic();
        Thread.ofVirtual().name("traffic").start(() -> traffic.run(stack, seed, rate));
        return traffic;
    }

    private void run(DemoStack stack, long seed, int rate) {
        try (var connection = stack.connect()) {
            done.complete(new Traffic(connection, seed, Traffic.Mix.BROAD).run(rate, () -> {
                transactions.incrementAndGet();
                return goOn.get();
            }));
        } catch (SQLException | RuntimeException e) {
            done.completeExceptionally(e);
        }
    }

    /** How many transactions have been asked for so far. */
    public long transactions() {
        if (done.isCompletedExceptionally()) {
            throw new IllegalStateException("The traffic has ended with a failure", done.exceptionNow());
        }
        return transactions.get();
    }

    /** Lets the last transaction end. */
    public Traffic.Done stop() throws InterruptedException {
        goOn.set(false);
        try {
            return done.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("The traffic failed", e.getCause());
        }
    }

    @Override
    public void close() {
        goOn.set(false);
    }
}
