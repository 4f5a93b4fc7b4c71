package io.millrace.tests.stack;

import io.millrace.demo.Traffic;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Random transactions on all tables while something else happens. */
public final class BackgroundTraffic implements AutoCloseable {

    private static final int ROUND = 100;

    /** Where the rows are changed. */
    public interface Database {

        Connection connect() throws SQLException;
    }

    private final AtomicBoolean goOn = new AtomicBoolean(true);
    private final AtomicLong transactions = new AtomicLong();
    private final CompletableFuture<Traffic.Done> done = new CompletableFuture<>();

    private final Traffic.Mix mix;

    private BackgroundTraffic(Traffic.Mix mix) {
        this.mix = mix;
    }

    /** @param rate row changes a second */
    public static BackgroundTraffic start(DemoStack stack, long seed, int rate) {
        return start(stack, seed, rate, Traffic.Mix.BROAD);
    }

    /** @param rate row changes a second */
    public static BackgroundTraffic start(DemoStack stack, long seed, int rate, Traffic.Mix mix) {
        return start(stack::connect, seed, rate, mix);
    }

    /** @param rate row changes a second */
    public static BackgroundTraffic start(Database database, long seed, int rate, Traffic.Mix mix) {
        var traffic = new BackgroundTraffic(mix);
        Thread.ofVirtual().name("traffic").start(() -> traffic.run(database, seed, rate));
        return traffic;
    }

    private void run(Database database, long seed, int rate) {
        try (var connection = database.connect()) {
            var sum = new Traffic.Done(0, 0, 0, Map.of());
            for (int round = 0; goOn.get(); round++) {
                sum = plus(sum, round(connection, seed * 1_000 + round, rate));
            }
            done.complete(sum);
        } catch (SQLException | RuntimeException e) {
            done.completeExceptionally(e);
        }
    }

    /** Looks at the tables anew, so that what other writers have deleted is not referred to for long, and refused. */
    private Traffic.Done round(Connection connection, long seed, int rate) throws SQLException {
        long end = transactions.get() + ROUND;
        return new Traffic(connection, seed, mix).run(rate, () -> goOn.get() && transactions.getAndIncrement() < end);
    }

    private static Traffic.Done plus(Traffic.Done a, Traffic.Done b) {
        var deeds = new EnumMap<Traffic.Deed, Long>(Traffic.Deed.class);
        a.deeds().forEach((deed, count) -> deeds.merge(deed, count, Long::sum));
        b.deeds().forEach((deed, count) -> deeds.merge(deed, count, Long::sum));
        return new Traffic.Done(a.transactions() + b.transactions(), a.changes() + b.changes(), a.refused() + b.refused(), deeds);
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
