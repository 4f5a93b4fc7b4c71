package io.millrace.denormalizer.join;

import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.file.Pipeline;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.processor.internals.DefaultKafkaClientSupplier;

/** The join with one fault: a message that it sends to itself does not arrive, as if a crash had lost it for good. */
public final class LosingJoin extends EmbeddedJoin {

    /** What is to be lost next; null where nothing is. */
    private final AtomicReference<Predicate<Message>> fault;

    private LosingJoin(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap, AtomicReference<Predicate<Message>> fault) throws Exception {
        super(pipeline, rootKey, schemas, stateFolder, bootstrap, new DefaultKafkaClientSupplier() {
            @Override
            public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
                return new Losing(config, fault);
            }
        });
        this.fault = fault;
    }

    public static LosingJoin of(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap) throws Exception {
        return new LosingJoin(pipeline, rootKey, schemas, stateFolder, bootstrap, new AtomicReference<>());
    }

    public void loseNextRemoval() {
        fault.set(message -> message instanceof Message.Child child && child.row() == null);
    }

    public void loseNextSubscribe() {
        fault.set(message -> message instanceof Message.Subscribe);
    }

    public void loseNextAnswer() {
        fault.set(message -> message instanceof Message.Answer);
    }

    public void loseNextNotice() {
        fault.set(message -> message instanceof Message.Notice);
    }

    /** Whether what was to be lost is. */
    public boolean hasLost() {
        return fault.get() == null;
    }

    private static final class Losing extends KafkaProducer<byte[], byte[]> {

        private final AtomicReference<Predicate<Message>> fault;

        Losing(Map<String, Object> config, AtomicReference<Predicate<Message>> fault) {
            super(config, new ByteArraySerializer(), new ByteArraySerializer());
            this.fault = fault;
        }

        @Override
        public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
            var next = fault.get();
            if (next != null && record.topic().endsWith("-exchange") && next.test(Message.decode(record.value())) && fault.compareAndSet(next, null)) {
                var answer = new RecordMetadata(new TopicPartition(record.topic(), 0), 0, 0, 0, 0, 0);
                callback.onCompletion(answer, null);
                return CompletableFuture.completedFuture(answer);
            }
            return super.send(record, callback);
        }
    }
}
