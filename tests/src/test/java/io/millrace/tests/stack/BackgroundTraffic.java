package io.millrace.tests.stack;

import io.millrace.demo.Traffic;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Random transactions on all tables while something else happens. */
public final class BackgroundTraffic implements AutoCloseable {

    private static final int ROUND = 100;
    private static final Duration UNTIL_UP = Duration.ofMillis(500);

    /** Where the rows are changed. */
    public interface Database {

        Connection connect() throws SQLException;
    }

    private final AtomicBoolean goOn = new AtomicBoolean(true);
    private final AtomicLong transactions = new AtomicLong();
    private final CompletableFuture<Traffic.Done> done = new CompletableFuture<>();

    private final Traffic.Mix mix;
    private final boolean comesAgain;
    private int round;
    private Traffic.Done sum = new Traffic.Done(0, 0, 0, Map.of());

    private BackgroundTraffic(Traffic.Mix mix, boolean comesAgain) {
        this.mix = mix;
        this.comesAgain = comesAgain;
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
        return started(new BackgroundTraffic(mix, false), database, seed, rate);
    }

    /** The same while the database is killed: who is thrown out comes again. What a killed transaction did is not counted. @param rate row changes a second */
    public static BackgroundTraffic throughOutages(DemoStack stack, long seed, int rate) {
        return started(new BackgroundTraffic(Traffic.Mix.BROAD, true), stack::connect, seed, rate);
    }

    private static BackgroundTraffic started(BackgroundTraffic traffic, Database database, long seed, int rate) {
        Thread.ofVirtual().name("traffic").start(() -> traffic.run(database, seed, rate));
        return traffic;
    }

    private void run(Database database, long seed, int rate) {
        try {
            while (goOn.get()) {
                rounds(database, seed, rate);
            }
            done.complete(sum);
        } catch (SQLException | RuntimeException | InterruptedException e) {
            done.completeExceptionally(e);
        }
    }

    private void rounds(Database database, long seed, int rate) throws SQLException, InterruptedException {
        try (var connection = database.connect()) {
            while (goOn.get()) {
                sum = plus(sum, round(connection, seed * 1_000 + round++, rate));
            }
        } catch (SQLException e) {
            if (!comesAgain || !isAway(e)) {
                throw e;
            }
            Thread.sleep(UNTIL_UP);
        }
    }

    /** SQL states: class 08 is a connection that is lost, class 57 a server that ends or begins. */
    private static boolean isAway(SQLException failure) {
        return failure.getSQLState() != null && (failure.getSQLState().startsWith("08") || failure.getSQLState().startsWith("57"));
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
