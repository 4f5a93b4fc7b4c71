package io.millrace.denormalizer.join;

import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.file.Pipeline;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.processor.internals.DefaultKafkaClientSupplier;

/** The join with one fault: a removal that its Router sends does not arrive, as if a crash had lost it for good. */
public final class LosingJoin extends EmbeddedJoin {

    private static final int ARMED = 1;
    private static final int LOST = 2;

    private final AtomicInteger state;

    private LosingJoin(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap, AtomicInteger state) throws Exception {
        super(pipeline, rootKey, schemas, stateFolder, bootstrap, new DefaultKafkaClientSupplier() {
            @Override
            public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
                return new Losing(config, state);
            }
        });
        this.state = state;
    }

    public static LosingJoin of(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap) throws Exception {
        return new LosingJoin(pipeline, rootKey, schemas, stateFolder, bootstrap, new AtomicInteger());
    }

    public void loseNextRemoval() {
        state.set(ARMED);
    }

    public boolean hasLost() {
        return state.get() == LOST;
    }

    private static final class Losing extends KafkaProducer<byte[], byte[]> {

        private final AtomicInteger state;

        Losing(Map<String, Object> config, AtomicInteger state) {
            super(config, new ByteArraySerializer(), new ByteArraySerializer());
            this.state = state;
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
