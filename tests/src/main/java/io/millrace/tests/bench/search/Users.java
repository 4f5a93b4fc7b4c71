package io.millrace.tests.bench.search;

import io.millrace.tests.bench.Percentiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** So many people who ask one side as soon as they have the answer before. */
record Users(Side side, List<Question> questions) {

    /**
     * @param users at once
     * @param times of each question, from the first byte of the question to the answer in memory
     * @param perSecond answers of all users together
     */
    record Result(String side, int users, Percentiles times, double perSecond) {}

    /** Asks until the time is over; a question that was begun before is waited for and counts. */
    Result ask(int users, Duration time) throws InterruptedException, ExecutionException {
        long begin = System.nanoTime();
        long end = begin + time.toNanos();
        var asked = new ArrayList<Future<List<Long>>>();
        try (var threads = Executors.newFixedThreadPool(users)) {
            IntStream.range(0, users).mapToObj(user -> (Callable<List<Long>>) () -> one(user * questions.size() / users, end)).forEach(one -> asked.add(threads.submit(one)));
        }
        var micros = new ArrayList<Long>();
        for (var one : asked) {
            micros.addAll(one.get());
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new Result(side.name(), users, Percentiles.ofMicros(micros.stream().mapToLong(Long::longValue).toArray()), micros.size() / seconds);
    }

    /** @param first each user begins at another place of the same mix */
    private List<Long> one(int first, long end) throws Exception {
        var micros = new ArrayList<Long>();
        try (var session = side.open()) {
            for (int i = first; System.nanoTime() < end; i++) {
                long asked = System.nanoTime();
                session.ask(questions.get(i % questions.size()));
                micros.add((System.nanoTime() - asked) / 1_000);
            }
        }
        return micros;
    }
}
