package io.millrace.console.manage;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/**
 * How long users wait who ask the same question at once, each again as soon as the answer is there.
 *
 * @param seconds for which they ask; an answer that is due at their end is waited for
 * @param answers that came within these seconds, for all users together
 * @param p50 milliseconds that half of the questions took at most, those included that were not answered; null where these are more than half
 * @param p90 the same of nine in ten
 * @param failure why a question was not answered, which ends its user's asking; null where all were
 */
public record Crowd(int users, double seconds, int answers, Long p50, Long p90, String failure) {

    /** Users at once, each of whom has a connection to Postgres. */
    static final int MOST = 8;

    /** @param time for which they ask */
    static Crowd of(Side side, Question question, int users, Duration time) throws IOException, SQLException, InterruptedException {
        if (users < 1 || users > MOST) {
            throw new IllegalArgumentException(users + " users at once; 1 to " + MOST + " may be");
        }
        var sessions = new ArrayList<Side.Session>();
        try {
            for (int i = 0; i < users; i++) {
                sessions.add(side.open(question));
            }
            return asked(sessions, time);
        } finally {
            for (var session : sessions) {
                session.close();
            }
        }
    }

    private static Crowd asked(List<Side.Session> sessions, Duration time) throws InterruptedException {
        var tally = new Tally();
        long end = System.nanoTime() + time.toNanos();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var user : threads.invokeAll(sessions.stream().map(session -> Executors.callable(() -> again(session, end, tally))).toList())) {
                user.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("Asking as one of " + sessions.size() + " users failed: " + e.getCause(), e.getCause());
        }
        return tally.crowd(sessions.size(), time);
    }

    private static void again(Side.Session session, long end, Tally tally) {
        try {
            for (long asked = System.nanoTime(); asked < end; asked = System.nanoTime()) {
                session.ask();
                long answered = System.nanoTime();
                tally.answered(answered - asked, answered <= end);
            }
        } catch (IOException | SQLException e) {
            tally.failed(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What all users saw. Thread-safe. */
    private static final class Tally {

        private final List<Long> nanos = new ArrayList<>();
        private int inTime;
        private int missing;
        private String failure;

        synchronized void answered(long took, boolean isInTime) {
            nanos.add(took);
            inTime += isInTime ? 1 : 0;
        }

        synchronized void failed(String why) {
            missing++;
            failure = failure == null ? why : failure;
        }

        synchronized Crowd crowd(int users, Duration time) {
            nanos.sort(null);
            return new Crowd(users, time.toMillis() / 1e3, inTime, quantile(0.5), quantile(0.9), failure);
        }

        private Long quantile(double share) {
            int at = (int) Math.ceil(share * (nanos.size() + missing)) - 1;
            return at < 0 || at >= nanos.size() ? null : Long.valueOf(Duration.ofNanos(nanos.get(at)).toMillis());
        }
    }
}
