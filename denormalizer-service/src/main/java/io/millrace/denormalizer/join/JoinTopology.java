package io.millrace.denormalizer.join;

import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.message.Sinks;
import io.millrace.denormalizer.join.pay.ThreadShare;
import io.millrace.denormalizer.join.route.RequestReader;
import io.millrace.denormalizer.join.route.Router;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.record.Partitions;
import io.millrace.values.row.RootKeys;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * The topology of one pipeline: one sub-topology, so that all of a partition's work is one task.
 *
 * <pre>
 * rows.* ──▶ Router ──▶ exchange ──▶ Joiner ──▶ documents
 *                          ▲────────────┘
 * </pre>
 */
public final class JoinTopology {

    /** What was replaced is compacted away after a week at the latest, as in the topics of rows and documents: somebody may have asked to be forgotten. */
    private static final Map<String, String> CHANGELOG = Map.of(
            "segment.bytes", "67108864", "min.cleanable.dirty.ratio", "0.3", "max.compaction.lag.ms", "604800000", "max.message.bytes", "16777216");

    private JoinTopology() {}

    /**
     * @param topics what the stages write to
     * @param rootKeys of the same root key that the plan was made with
     */
    public static Topology of(Plan plan, JoinTopics topics, RootKeys rootKeys, SchemaSource schemas, CommitClock commits, JoinSettings settings, Stage stage) {
        var bytes = new ByteArrayDeserializer();
        var out = new ByteArraySerializer();
        var topology = new Topology();
        var sources = new ArrayList<String>();
        for (var topic : sourceTopics(plan)) {
            sources.add("from-" + topic);
            topology.addSource(AutoOffsetReset.none(), "from-" + topic, (record, time) -> Math.max(0, record.timestamp()), bytes, bytes, topic);
        }
        topology.addProcessor("router", () -> new Router(plan, schemas, settings, commits, stage, new RequestReader(plan, settings.erasedAs(), rootKeys, schemas, stage::proven)), sources.toArray(String[]::new));
        topology.addSource(AutoOffsetReset.none(), "from-exchange", (record, time) -> Math.max(0, record.timestamp()), bytes, bytes, topics.exchange());
        var shares = ThreadLocal.withInitial(() -> new ThreadShare(System::nanoTime));
        topology.addProcessor("joiner", () -> new Joiner(plan, settings, commits, stage, shares), "from-exchange");
        topology.addStateStore(store(Stores.ROWS), "router", "joiner");
        topology.addStateStore(store(Stores.DOCUMENTS), "joiner");
        topology.addStateStore(store(Stores.LOOKUPS), "router", "joiner");
        topology.addSink(Sinks.EXCHANGE, topics.exchange(), out, out, exchange(), "router", "joiner");
        topology.addSink(Sinks.DOCUMENTS, topics.documents(), out, out, byKey(), "joiner");
        topology.addSink(Sinks.STATE, topics.state(), out, out, "joiner");
        topology.addSink(Sinks.QUARANTINE, topics.quarantine(), out, out, byKey(), "router", "joiner");
        return topology;
    }

    /** Every topic that rows come from, requests to erase included. */
    public static List<String> sourceTopics(Plan plan) {
        var topics = new ArrayList<>(plan.tables().stream().map(t -> t.topic()).toList());
        topics.add(Router.outbox(plan));
        return topics;
    }

    /** The topics that hold the state, as Streams names them. */
    public static List<String> changelogs(JoinTopics topics) {
        return Stream.of(Stores.ROWS, Stores.DOCUMENTS, Stores.LOOKUPS).map(store -> topics.application() + "-" + store + "-changelog").toList();
    }

    private static StoreBuilder<KeyValueStore<org.apache.kafka.common.utils.Bytes, byte[]>> store(String name) {
        return org.apache.kafka.streams.state.Stores
                .keyValueStoreBuilder(org.apache.kafka.streams.state.Stores.persistentKeyValueStore(name), Serdes.Bytes(), Serdes.ByteArray())
                .withCachingDisabled()
                .withLoggingEnabled(CHANGELOG);
    }

    static StreamPartitioner<byte[], byte[]> exchange() {
        return (topic, key, value, partitions) -> {
            int named = Message.partition(value);
            if (named >= 0) {
                return Optional.of(Set.of(named));
            }
            if (!Message.isForAll(value)) {
                return Optional.of(Set.of(Message.isForHome(value) ? Partitions.ofWhole(key, partitions) : Partitions.of(key, partitions)));
            }
            var all = new HashSet<Integer>();
            for (int i = 0; i < partitions; i++) {
                all.add(i);
            }
            return Optional.of(all);
        };
    }

    private static StreamPartitioner<byte[], byte[]> byKey() {
        return (topic, key, value, partitions) -> Optional.of(Set.of(key == null ? 0 : Partitions.of(key, partitions)));
    }
}
