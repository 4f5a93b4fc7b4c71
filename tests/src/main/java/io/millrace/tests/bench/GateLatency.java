package io.millrace.tests.bench;

import io.millrace.pipeline.record.Headers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What the gate adds to a record's way at a fixed rate: the time between its arrival at a reader of {@code captured.*} and at a
 * reader of {@code rows.*}, both in this process. Windows alternate: two in which nothing is parked, whose difference is what
 * chance makes, and one in which a table is parked; the figures are the other tables'.
 */
final class GateLatency {

    /** What a window is for. */
    enum Kind { NOTHING_PARKED, NOTHING_PARKED_AGAIN, ONE_PARKED }

    /**
     * @param added by window, over all cycles
     * @param differences milliseconds, of the windows of each cycle
     */
    record Result(int perSecond, Map<Kind, Percentiles> added, Map<Kind, Percentiles> ownHeaders, Differences differences) {}

    /**
     * @param chanceP50 between the two windows in which nothing is parked, median over the cycles; as p99, and the largest in size
     * @param parkedP50 between the window with a parked table and the mean of the other two
     */
    record Differences(double chanceP50, double chanceP99, double chanceP99Largest, double parkedP50, double parkedP99, double parkedP99Largest) {}

    private static final Kind[][] ORDERS = {
        {Kind.NOTHING_PARKED, Kind.NOTHING_PARKED_AGAIN, Kind.ONE_PARKED},
        {Kind.ONE_PARKED, Kind.NOTHING_PARKED, Kind.NOTHING_PARKED_AGAIN},
        {Kind.NOTHING_PARKED_AGAIN, Kind.ONE_PARKED, Kind.NOTHING_PARKED}};

    private final GateStack stack;
    private final int perSecond;
    private final long[] captured;
    private final long[] gated;
    private final long[] ownMicros;
    private long number;

    private record Window(Kind kind, long from, long to) {}

    private GateLatency(GateStack stack, int perSecond, int most) {
        this.stack = stack;
        this.perSecond = perSecond;
        this.captured = new long[most];
        this.gated = new long[most];
        this.ownMicros = new long[most];
    }

    /** @param perSecond records of all tables together, the one that is parked included */
    static Result measure(GateStack stack, int perSecond, Duration warmUp, int cycles, Duration window) throws IOException, InterruptedException {
        long seconds = warmUp.toSeconds() + cycles * 3L * window.toSeconds() + 60;
        return new GateLatency(stack, perSecond, Math.toIntExact(seconds * perSecond)).run(warmUp, cycles, window);
    }

    private Result run(Duration warmUp, int cycles, Duration window) throws IOException, InterruptedException {
        var windows = new ArrayList<Window>();
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", stack.bootstrap(), "linger.ms", 0), new ByteArraySerializer(), new ByteArraySerializer());
                var before = new Reader(GateBench.FLOWING.stream().map(GateStack::captured).toList(), false);
                var after = new Reader(GateBench.FLOWING.stream().map(GateStack::gated).toList(), true)) {
            write(producer, warmUp);
            for (int i = 0; i < cycles; i++) {
                for (var kind : ORDERS[i % ORDERS.length]) {
                    windows.add(window(producer, kind, window));
                }
            }
            // The last records are still on their way.
            write(producer, Duration.ofSeconds(1));
            before.awaitRead(windows.getLast().to());
            after.awaitRead(windows.getLast().to());
        }
        return result(windows);
    }

    private Window window(KafkaProducer<byte[], byte[]> producer, Kind kind, Duration time) throws IOException, InterruptedException {
        if (kind == Kind.ONE_PARKED) {
            stack.hold(GateBench.PARKED);
        }
        // What the change itself costs is not the window's.
        write(producer, Duration.ofMillis(300));
        long from = number;
        write(producer, time);
        var window = new Window(kind, from, number);
        if (kind == Kind.ONE_PARKED) {
            stack.replay(GateBench.PARKED);
        }
        return window;
    }

    /** One record of four belongs to the table that is parked now and then. */
    private void write(KafkaProducer<byte[], byte[]> producer, Duration time) {
        long gap = 1_000_000_000L / perSecond;
        long due = System.nanoTime();
        long end = due + time.toNanos();
        for (; due < end; due += gap, number++) {
            LockSupport.parkNanos(due - System.nanoTime());
            int table = (int) (number % (GateBench.FLOWING.size() + 1));
            producer.send(stack.rows(table == GateBench.FLOWING.size() ? GateBench.PARKED : GateBench.FLOWING.get(table)).record(number));
        }
    }

    private Result result(List<Window> windows) {
        var added = new EnumMap<Kind, Percentiles>(Kind.class);
        var own = new EnumMap<Kind, Percentiles>(Kind.class);
        for (var kind : Kind.values()) {
            var of = windows.stream().filter(w -> w.kind() == kind).toList();
            added.put(kind, Percentiles.ofMicros(of.stream().flatMapToLong(this::added).toArray()));
            own.put(kind, Percentiles.ofMicros(of.stream().flatMapToLong(this::own).toArray()));
        }
        return new Result(perSecond, added, own, differences(windows));
    }

    private LongStream numbers(Window window) {
        return LongStream.range(window.from(), window.to()).filter(n -> n % (GateBench.FLOWING.size() + 1) != GateBench.FLOWING.size());
    }

    private LongStream added(Window window) {
        return numbers(window).map(n -> (gated[(int) n] - captured[(int) n]) / 1000);
    }

    private LongStream own(Window window) {
        return numbers(window).map(n -> ownMicros[(int) n]);
    }

    private Differences differences(List<Window> windows) {
        var chance50 = new ArrayList<Double>();
        var chance99 = new ArrayList<Double>();
        var parked50 = new ArrayList<Double>();
        var parked99 = new ArrayList<Double>();
        for (int i = 0; i < windows.size(); i += Kind.values().length) {
            var cycle = new EnumMap<Kind, Percentiles>(Kind.class);
            windows.subList(i, i + Kind.values().length).forEach(w -> cycle.put(w.kind(), Percentiles.ofMicros(added(w).toArray())));
            compare(cycle, Percentiles::p50, chance50, parked50);
            compare(cycle, Percentiles::p99, chance99, parked99);
        }
        return new Differences(median(chance50), median(chance99), largest(chance99), median(parked50), median(parked99), largest(parked99));
    }

    private static void compare(Map<Kind, Percentiles> cycle, ToDoubleFunction<Percentiles> of, List<Double> chance, List<Double> parked) {
        double first = of.applyAsDouble(cycle.get(Kind.NOTHING_PARKED));
        double second = of.applyAsDouble(cycle.get(Kind.NOTHING_PARKED_AGAIN));
        chance.add(second - first);
        parked.add(of.applyAsDouble(cycle.get(Kind.ONE_PARKED)) - (first + second) / 2);
    }

    private static double median(Collection<Double> values) {
        var sorted = values.stream().mapToDouble(d -> d).sorted().toArray();
        return sorted.length % 2 == 1 ? sorted[sorted.length / 2] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
    }

    private static double largest(Collection<Double> values) {
        return values.stream().mapToDouble(Math::abs).max().orElse(Double.NaN);
    }

    /** Reads topics from their present ends and keeps when each record came. */
    private final class Reader implements AutoCloseable {
        private final List<String> topics;
        private final boolean behindGate;
        private final CountDownLatch ready = new CountDownLatch(1);
        private final Thread thread;
        private volatile boolean stopping;
        /** Written after the times of each poll and read before they are looked at, which makes them visible. */
        private volatile long polls;

        Reader(List<String> topics, boolean behindGate) throws InterruptedException {
            this.topics = topics;
            this.behindGate = behindGate;
            this.thread = Thread.ofPlatform().name(behindGate ? "reads-rows" : "reads-captured").daemon().start(this::read);
            ready.await();
        }

        private void read() {
            try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.bootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                var partitions = topics.stream().flatMap(t -> consumer.partitionsFor(t).stream().map(p -> new TopicPartition(t, p.partition()))).toList();
                consumer.assign(partitions);
                consumer.seekToEnd(partitions);
                partitions.forEach(consumer::position);
                ready.countDown();
                while (!stopping) {
                    var records = consumer.poll(Duration.ofMillis(100));
                    long now = System.nanoTime();
                    for (var record : records) {
                        int n = (int) Headers.position(record.headers()).lsn();
                        (behindGate ? gated : captured)[n] = now;
                        if (behindGate) {
                            ownMicros[n] = Headers.number(record.headers(), Headers.GATED, 0) - Headers.number(record.headers(), Headers.CAPTURED, 0);
                        }
                    }
                    polls++;
                }
            } finally {
                ready.countDown();
            }
        }

        /** Returns when every record before this one has come. */
        void awaitRead(long to) throws InterruptedException {
            var times = behindGate ? gated : captured;
            long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (polls >= 0 && LongStream.range(0, to).filter(n -> n % (GateBench.FLOWING.size() + 1) != GateBench.FLOWING.size()).anyMatch(n -> times[(int) n] == 0)) {
                if (System.nanoTime() > until || !thread.isAlive()) {
                    throw new IllegalStateException("Records did not come to " + topics + " within 30 s; see the gate's log");
                }
                Thread.sleep(20);
            }
        }

        @Override
        public void close() {
            stopping = true;
        }
    }

    static void print(Result result) {
        System.out.printf("%nAdded by the gate at %,d records/s of four tables, one of them parked now and then; the figures are the other three's%n", result.perSecond());
        System.out.println(Percentiles.head());
        var names = Arrays.asList("nothing parked", "nothing parked, again (A/A)", "one table parked");
        for (var kind : Kind.values()) {
            System.out.println(result.added().get(kind).row("readable in captured to readable in rows: " + names.get(kind.ordinal())));
        }
        for (var kind : Kind.values()) {
            System.out.println(result.ownHeaders().get(kind).row("headers, captured to gated: " + names.get(kind.ordinal())));
        }
        var d = result.differences();
        System.out.printf("  within a cycle, median over the cycles:     p50 %+.2f ms by chance, %+.2f ms while one is parked%n", d.chanceP50(), d.parkedP50());
        System.out.printf("                                              p99 %+.2f ms by chance (largest %.2f), %+.2f ms while one is parked (largest %.2f)%n",
                d.chanceP99(), d.chanceP99Largest(), d.parkedP99(), d.parkedP99Largest());
    }
}
