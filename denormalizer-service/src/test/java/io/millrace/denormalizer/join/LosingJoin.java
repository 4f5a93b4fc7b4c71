package io.millrace.denormalizer.join;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.denormalizer.row.RootKeys;
import io.millrace.pipeline.file.PipelineFiles;
import io.opentelemetry.api.OpenTelemetry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.internals.DefaultKafkaClientSupplier;

/** The join with one fault: a removal that its Router sends does not arrive, as if a crash had lost it for good. */
public final class LosingJoin implements AutoCloseable {

    private static final int ARMED = 1;
    private static final int LOST = 2;

    private final AtomicInteger state = new AtomicInteger();
    private final KafkaStreams streams;

    public LosingJoin(Path file, Path stateFolder, String bootstrap, SchemaSource schemas) throws Exception {
        var pipeline = PipelineFiles.load(List.of(file)).getFirst().pipeline();
        var rootKeys = new RootKeys(Schema.TABLES.get(pipeline.document().table().table()).keySchema());
        var plan = Planner.plan(pipeline, rootKeys.columns());
        var topics = JoinTopics.of(plan, 0);
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            int partitions = admin.describeTopics(List.of(topics.documents())).allTopicNames().get().get(topics.documents()).partitions().size();
            admin.createTopics(List.of(new NewTopic(topics.exchange(), partitions, (short) 1))).all().get();
        }
        var settings = new JoinSettings(() -> true, Duration.ofMinutes(10), 1 << 20, 1 << 20, DocumentSteps.NONE);
        var topology = JoinTopology.of(plan, topics, rootKeys, schemas, new CommitClock(), settings, new Stage(plan, new SimpleMeterRegistry(), OpenTelemetry.noop().getTracer("test")));
        var properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, topics.application());
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder.toString());
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);
        streams = new KafkaStreams(topology, properties, new DefaultKafkaClientSupplier() {
            @Override
            public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
                return new Losing(config);
            }
        });
        streams.start();
    }

    public void loseNextRemoval() {
        state.set(ARMED);
    }

    public boolean hasLost() {
        return state.get() == LOST;
    }

    @Override
    public void close() {
        streams.close();
    }

    private final class Losing extends KafkaProducer<byte[], byte[]> {

        Losing(Map<String, Object> config) {
            super(config, new ByteArraySerializer(), new ByteArraySerializer());
        }

        @Override
        public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
            if (record.topic().endsWith("-exchange") && Message.decode(record.value()) instanceof Message.Child child && child.row() == null && state.compareAndSet(ARMED, LOST)) {
                var answer = new RecordMetadata(new TopicPartition(record.topic(), 0), 0, 0, 0, 0, 0);
                callback.onCompletion(answer, null);
                return CompletableFuture.completedFuture(answer);
            }
            return super.send(record, callback);
        }
    }
}
