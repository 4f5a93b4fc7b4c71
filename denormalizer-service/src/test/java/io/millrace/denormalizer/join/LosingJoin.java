package io.millrace.denormalizer.join;

import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.file.Pipeline;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
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

    private final Fault fault;

    private LosingJoin(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap, Fault fault) throws Exception {
        super(pipeline, rootKey, schemas, stateFolder, bootstrap, new DefaultKafkaClientSupplier() {
            @Override
            public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
                return new Losing(config, fault);
            }
        });
        this.fault = fault;
    }

    public static LosingJoin of(Pipeline pipeline, Schema rootKey, SchemaSource schemas, Path stateFolder, String bootstrap) throws Exception {
        return new LosingJoin(pipeline, rootKey, schemas, stateFolder, bootstrap, new Fault());
    }

    public void loseNextRemoval() {
        fault.begin(message -> message instanceof Message.Child child && child.row() == null, 1);
    }

    public void loseNextSubscribe() {
        fault.begin(message -> message instanceof Message.Subscribe, 1);
    }

    public void loseNextAnswer() {
        fault.begin(message -> message instanceof Message.Answer, 1);
    }

    /** From now on: a row that is read again is told again. */
    public void loseNotices() {
        fault.begin(message -> message instanceof Message.Notice, Integer.MAX_VALUE);
    }

    /** Whether something of what was to be lost is. */
    public boolean hasLost() {
        return fault.hasLost();
    }

    /** What is lost. Thread-safe. */
    private static final class Fault {

        private Predicate<Message> which = message -> false;
        private int most;
        private int lost;

        synchronized void begin(Predicate<Message> messages, int count) {
            which = messages;
            most = count;
            lost = 0;
        }

        synchronized boolean loses(Message message) {
            if (lost == most || !which.test(message)) {
                return false;
            }
            lost++;
            return true;
        }

        synchronized boolean hasLost() {
            return lost > 0;
        }
    }

    private static final class Losing extends KafkaProducer<byte[], byte[]> {

        private final Fault fault;

        Losing(Map<String, Object> config, Fault fault) {
            super(config, new ByteArraySerializer(), new ByteArraySerializer());
            this.fault = fault;
        }

        @Override
        public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
            if (record.topic().endsWith("-exchange") && fault.loses(Message.decode(record.value()))) {
                var answer = new RecordMetadata(new TopicPartition(record.topic(), 0), 0, 0, 0, 0, 0);
                callback.onCompletion(answer, null);
                return CompletableFuture.completedFuture(answer);
            }
            return super.send(record, callback);
        }
    }
}
