package io.millrace.denormalizer.join;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.message.Sinks;
import io.millrace.denormalizer.join.pay.Pace;
import io.millrace.denormalizer.join.pay.ThreadShare;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.denormalizer.join.route.RequestReader;
import io.millrace.denormalizer.join.route.Router;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import io.millrace.values.row.RootKeys;
import io.opentelemetry.api.OpenTelemetry;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;

/**
 * The join of one pipeline in several partitions, each step of which, each delivery and each crash happens when the test
 * says so. What a task sends is delivered later, to each partition in order; a crash loses what was not, and the input since the last commit
 * comes again: to the state that the task had, or to that of the commit.
 */
final class Cluster {

    private static final String EXCHANGE = "exchange";

    private final Plan plan;
    private final RootKeys rootKeys;
    private final SchemaSource schemas;
    private final Random random;
    private final CommitClock commits = new CommitClock();
    private final JoinSettings settings;
    private final Stage stage;
    private final JoinTopics topics;
    /** By topic and partition, everything that was ever written. */
    private final Map<String, List<List<Record<byte[], byte[]>>>> logs = new LinkedHashMap<>();
    private final List<Task> tasks = new ArrayList<>();
    private final Map<String, Long> versions = new HashMap<>();
    private final TreeMap<String, String> documents = new TreeMap<>();
    private final List<String> regressions = new ArrayList<>();
    private final Map<Integer, String> told = new HashMap<>();
    /** Which messages do not arrive though nobody crashes, by their partition. */
    private BiPredicate<Integer, Message> loss = (partition, message) -> false;
    private Pace pace = Pace.UNLIMITED;
    private boolean caughtUp;
    private long millis = 1_000_000;
    private final Random haste;
    private long nanos;

    /**
     * @param random says what happens
     * @param haste says how long it takes, so that long work is interrupted somewhere
     */
    Cluster(Pipeline pipeline, RootKeys rootKeys, SchemaSource schemas, int partitions, Random random, Random haste) {
        this.plan = Planner.plan(pipeline, rootKeys.columns());
        this.rootKeys = rootKeys;
        this.schemas = schemas;
        this.random = random;
        this.haste = haste;
        topics = JoinTopics.of(plan);
        settings = new JoinSettings(() -> caughtUp, () -> false, Duration.ZERO, 1 << 20, 20_000, (partition, count) -> pace.test(partition, count), DocumentSteps.NONE, Set.of(plan.pipeline()), Position.NONE);
        stage = new Stage(plan, new SimpleMeterRegistry(), OpenTelemetry.noop().getTracer("test"), new Ledger(topic -> ""));
        for (var topic : JoinTopology.sourceTopics(plan)) {
            logs.put(topic, partitions(partitions));
        }
        logs.put(EXCHANGE, partitions(partitions));
        for (int p = 0; p < partitions; p++) {
            tasks.add(new Task(p));
        }
    }

    /** Each look at the clock takes a while. */
    private long nanos() {
        nanos += haste.nextInt(10_000_000);
        return nanos;
    }

    private static <T> List<List<T>> partitions(int count) {
        var all = new ArrayList<List<T>>();
        for (int i = 0; i < count; i++) {
            all.add(new ArrayList<>());
        }
        return all;
    }

    /** What a task sent and Kafka does not have yet. */
    private record Sent(String topic, int partition, Record<byte[], byte[]> record) {}

    /** One partition's processors, their stores, and what a crash would undo. */
    private final class Task {

        private final int partition;
        private final Map<String, KeyValueStore<Bytes, byte[]>> stores = new LinkedHashMap<>();
        private final Map<String, Integer> positions = new HashMap<>();
        private final Map<String, ArrayDeque<Sent>> unsent = new LinkedHashMap<>();
        private Map<String, Integer> committed = new HashMap<>();
        private Map<String, TreeMap<Bytes, byte[]>> snapshot = new HashMap<>();
        private MockProcessorContext<byte[], byte[]> context;
        private Router router;
        private Joiner joiner;

        Task(int partition) {
            this.partition = partition;
            for (var name : List.of(Stores.ROWS, Stores.DOCUMENTS, Stores.LOOKUPS)) {
                stores.put(name, org.apache.kafka.streams.state.Stores.inMemoryKeyValueStore(name).get());
                snapshot.put(name, new TreeMap<>());
            }
            begin();
        }

        private void begin() {
            context = new MockProcessorContext<>(new Properties(), new TaskId(0, partition), new File("."));
            context.setCurrentSystemTimeMs(millis);
            stores.values().forEach(s -> {
                s.init(context.getStateStoreContext(), s);
                context.addStateStore(s);
            });
            router = new Router(plan, schemas, settings, commits, stage, new RequestReader(plan, settings.erasedAs(), rootKeys, schemas, stage::proven));
            router.init(context);
            joiner = new Joiner(plan, settings, commits, stage, ThreadLocal.withInitial(() -> new ThreadShare(Cluster.this::nanos)));
            joiner.init(context);
        }

        private int lag(String topic) {
            return logs.get(topic).get(partition).size() - positions.getOrDefault(topic, 0);
        }

        /** Takes a record of some topic; false where there is none. */
        boolean step() {
            var ready = logs.keySet().stream().filter(t -> lag(t) > 0).toList();
            if (ready.isEmpty()) {
                return false;
            }
            // The exchange is busier than any table.
            var topic = ready.contains(EXCHANGE) && random.nextInt(3) > 0 ? EXCHANGE : ready.get(random.nextInt(ready.size()));
            int offset = positions.merge(topic, 1, Integer::sum) - 1;
            var record = logs.get(topic).get(partition).get(offset);
            context.setRecordMetadata(topic, partition, offset);
            context.setCurrentSystemTimeMs(millis);
            if (topic.equals(EXCHANGE)) {
                joiner.process(record);
            } else {
                router.process(record);
            }
            collect();
            return true;
        }

        void tick() {
            context.setCurrentSystemTimeMs(millis);
            context.scheduledPunctuators().forEach(p -> p.getPunctuator().punctuate(millis));
            collect();
        }

        private void collect() {
            for (var forward : context.forwarded()) {
                var sink = forward.childName().orElseThrow();
                var record = new Record<byte[], byte[]>(forward.record().key(), forward.record().value(), 0, forward.record().headers());
                if (sink.equals(Sinks.EXCHANGE)) {
                    JoinTopology.exchange().partitions(EXCHANGE, record.key(), record.value(), tasks.size()).orElseThrow().forEach(p -> send(EXCHANGE, p, record));
                } else if (!sink.equals(Sinks.QUARANTINE)) {
                    send(sink, partition, record);
                }
            }
            context.resetForwards();
        }

        private void send(String topic, int to, Record<byte[], byte[]> record) {
            if (!topic.equals(EXCHANGE) || !loss.test(to, Message.decode(record.value()))) {
                unsent.computeIfAbsent(topic + to, t -> new ArrayDeque<>()).add(new Sent(topic, to, record));
            }
        }

        /** Some of what was sent arrives. */
        void deliver() {
            for (var queue : unsent.values()) {
                for (int i = random.nextInt(queue.size() + 1); i > 0; i--) {
                    arrive(queue.removeFirst());
                }
            }
        }

        void deliverExchange() {
            unsent.forEach((to, queue) -> {
                if (to.startsWith(EXCHANGE)) {
                    queue.forEach(Cluster.this::arrive);
                    queue.clear();
                }
            });
        }

        void commit() {
            unsent.values().forEach(queue -> {
                queue.forEach(Cluster.this::arrive);
                queue.clear();
            });
            committed = new HashMap<>(positions);
            stores.forEach((name, store) -> snapshot.put(name, content(store)));
            commits.committed(partition);
        }

        void crash(boolean stateSurvives) {
            deliver();
            unsent.clear();
            positions.clear();
            positions.putAll(committed);
            if (!stateSurvives) {
                stores.forEach((name, store) -> {
                    content(store).keySet().forEach(store::delete);
                    snapshot.get(name).forEach(store::put);
                });
            }
            begin();
        }
    }

    private static TreeMap<Bytes, byte[]> content(KeyValueStore<Bytes, byte[]> store) {
        var content = new TreeMap<Bytes, byte[]>();
        try (var all = store.all()) {
            all.forEachRemaining(e -> content.put(e.key, e.value));
        }
        return content;
    }

    private void arrive(Sent sent) {
        if (sent.topic.equals(EXCHANGE)) {
            logs.get(EXCHANGE).get(sent.partition).add(sent.record);
        } else if (sent.topic.equals(Sinks.STATE)) {
            if (new String(sent.record.key(), StandardCharsets.US_ASCII).equals(Integer.toString(sent.partition))) {
                told.put(sent.partition, new String(sent.record.value(), StandardCharsets.US_ASCII));
            }
        } else {
            document(sent.record);
        }
    }

    /** As the indexer does: what has a lower version is no news. */
    private void document(Record<byte[], byte[]> record) {
        var id = new String(record.key(), StandardCharsets.UTF_8);
        long version = Headers.number(record.headers(), Headers.VERSION, -1);
        long before = versions.getOrDefault(id, 0L);
        if (version < before) {
            regressions.add(id + ": " + before + " then " + version);
            return;
        }
        versions.put(id, version);
        if (record.value() == null) {
            documents.remove(id);
        } else {
            documents.put(id, new String(record.value(), StandardCharsets.UTF_8));
        }
    }

    /** Takes the tables' pending records and writes them into the topics of the rows. */
    void write(RandomRows rows) {
        rows.pending.forEach((table, records) -> {
            var log = logs.get(RandomRows.topic(table));
            if (log != null) {
                records.forEach(r -> write(log, r));
            }
        });
        rows.pending.clear();
    }

    private void write(List<List<Record<byte[], byte[]>>> log, TestRecord<byte[], byte[]> record) {
        var written = new Record<>(record.key(), record.value(), 0, record.headers());
        if (record.key().length == 0) {
            log.forEach(partition -> partition.add(written));
        } else {
            log.get(Partitions.of(record.key(), log.size())).add(written);
        }
    }

    void caughtUp() {
        caughtUp = true;
    }

    void pace(Pace now) {
        pace = now;
    }

    void lose(BiPredicate<Integer, Message> which) {
        loss = which;
    }

    /** Does something somewhere. */
    void something() {
        var task = tasks.get(random.nextInt(tasks.size()));
        switch (random.nextInt(10)) {
            case 0 -> task.tick();
            case 1, 2, 3 -> task.deliver();
            case 4 -> {
                if (random.nextInt(3) == 0) {
                    task.commit();
                }
            }
            default -> task.step();
        }
        millis += random.nextInt(3);
    }

    void crashSomewhere(boolean stateSurvives) {
        tasks.get(random.nextInt(tasks.size())).crash(stateSurvives);
    }

    /** Goes on until every record is taken and every partition says that nothing is to come. */
    void settle() {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        do {
            assertTrue(System.nanoTime() < deadline, () -> "the join goes on for half a minute after the last record: " + told);
            rest();
            millis += 5_000;
        } while (tasks.stream().anyMatch(t -> !JoinState.IDLE.equals(told.get(t.partition))) || tasks.stream().anyMatch(t -> logs.keySet().stream().anyMatch(l -> t.lag(l) > 0)));
    }

    /** Takes and commits what there is, once. */
    void rest() {
        for (var task : tasks) {
            while (task.step()) {
                if (random.nextInt(4) == 0) {
                    task.deliver();
                }
            }
            task.tick();
            task.commit();
        }
    }

    /** Takes what there is, and what comes of it, up to the documents: those do not arrive, and nothing is committed. */
    void takeWithoutCommit() {
        millis += 20_000;
        for (int i = 0; i < 5; i++) {
            for (var task : tasks) {
                task.tick();
                while (task.step()) {
                    task.deliverExchange();
                }
                task.deliverExchange();
            }
        }
    }

    /** Every task crashes; of what was not committed nothing arrives. */
    void crashEverywhere() {
        tasks.forEach(t -> t.unsent.clear());
        tasks.forEach(t -> t.crash(true));
    }

    /** What a reader of the index sees. */
    TreeMap<String, String> documents() {
        return documents;
    }

    long version(String id) {
        return versions.getOrDefault(id, -1L);
    }

    /** Versions that went backwards. */
    List<String> regressions() {
        return regressions;
    }

    /** How many entries of the look-up stores, in all partitions, have keys of this kind. */
    long stored(int kind) {
        return tasks.stream().flatMap(t -> content(t.stores.get(Stores.LOOKUPS)).keySet().stream()).filter(k -> k.get()[0] == kind).count();
    }
}
