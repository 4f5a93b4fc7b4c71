package io.millrace.denormalizer.join;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.pay.Pace;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.record.Position;
import io.millrace.values.row.RootKeys;
import io.opentelemetry.api.OpenTelemetry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.internals.DefaultKafkaClientSupplier;

/** One pipeline's topology on a real Kafka, in this process and without the service around it. */
public class EmbeddedJoin implements AutoCloseable {

    private final KafkaStreams streams;

    /**
     * Makes the exchange topic; the others are there.
     *
     * @param rootKey schema of the root table's keys
     * @param clients where the join has its producers and consumers from
     */
    protected EmbeddedJoin(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap, DefaultKafkaClientSupplier clients) throws Exception {
        var rootKeys = new RootKeys(rootKey);
        var plan = Planner.plan(pipeline, rootKeys.columns());
        var topics = JoinTopics.of(plan);
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            int partitions = admin.describeTopics(List.of(topics.documents())).allTopicNames().get().get(topics.documents()).partitions().size();
            admin.createTopics(List.of(new NewTopic(topics.exchange(), partitions, (short) 1), new NewTopic(topics.state(), 1, (short) 1))).all().get();
            admin.alterConsumerGroupOffsets(topics.application(), beginnings(Stream.concat(JoinTopology.sourceTopics(plan).stream(), Stream.of(topics.exchange())), partitions)).all().get();
        }
        var settings = new JoinSettings(() -> true, () -> false, Duration.ofMinutes(10), 1 << 20, 1 << 20, Pace.UNLIMITED, DocumentSteps.NONE, Set.of(plan.pipeline()), Position.NONE);
        var topology = JoinTopology.of(plan, topics, rootKeys, schemas, new CommitClock(), settings, new Stage(plan, new SimpleMeterRegistry(), OpenTelemetry.noop().getTracer("test"), new Ledger(topic -> "")));
        var properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, topics.application());
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder.toString());
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);
        properties.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, StreamsConfig.MAX_TASK_IDLE_MS_DISABLED);
        streams = new KafkaStreams(topology, properties, clients);
        streams.start();
    }

    /** A join begins nowhere by itself: where, its service commits before it starts. */
    private static Map<TopicPartition, OffsetAndMetadata> beginnings(Stream<String> topics, int partitions) {
        return topics.flatMap(topic -> IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p))).collect(Collectors.toMap(p -> p, p -> new OffsetAndMetadata(0)));
    }

    public static EmbeddedJoin of(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap) throws Exception {
        return new EmbeddedJoin(pipeline, rootKey, schemas, stateFolder, bootstrap, new DefaultKafkaClientSupplier());
    }

    @Override
    public void close() {
        streams.close();
    }
}
