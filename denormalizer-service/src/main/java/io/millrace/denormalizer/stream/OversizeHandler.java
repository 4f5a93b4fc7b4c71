package io.millrace.denormalizer.stream;

import io.millrace.pipeline.record.Headers;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProductionExceptionHandler;
import org.jboss.logging.Logger;

/**
 * A document that its topic does not take must not stop the others, and must not vanish: it goes to quarantine, as one does that is larger than the configuration allows. Only what Kafka alone
 * can judge comes here: the overhead of a record, and a topic that takes less than was said. Where it cannot be set aside either, the join fails, and does the record again. Made by Kafka Streams.
 */
@RegisterForReflection
public final class OversizeHandler implements ProductionExceptionHandler {

    /** The Streams settings that name the documents' topic, and the one for those that are set aside. */
    static final String DOCUMENTS = "millrace.documents.topic";
    static final String QUARANTINE = "millrace.quarantine.topic";
    /** The Streams setting that holds a {@link Runnable} for each document that was set aside. */
    static final String PARKED = "millrace.quarantine.parked";

    private static final Logger LOG = Logger.getLogger(OversizeHandler.class);
    private static final int PATIENCE_MILLIS = 20_000;

    private String documents;
    private String quarantine;
    private Runnable parked;
    private Map<String, Object> producer;

    @Override
    public void configure(Map<String, ?> configs) {
        documents = (String) configs.get(DOCUMENTS);
        quarantine = (String) configs.get(QUARANTINE);
        parked = (Runnable) configs.get(PARKED);
        var all = new HashMap<String, Object>(configs);
        // The settings of the application's clients, of which this is one; an object that was handed over is no setting.
        all.keySet().removeAll(java.util.Set.of(DOCUMENTS, QUARANTINE, PARKED, StoreMemory.MEMORY));
        producer = new HashMap<>(new StreamsConfig(all).getProducerConfigs(documents + "-quarantine"));
        producer.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
        producer.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS / 2);
        producer.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
    }

    @Override
    public ProductionExceptionHandlerResponse handle(ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
        if (!(exception instanceof RecordTooLargeException) || !record.topic().equals(documents)) {
            return ProductionExceptionHandlerResponse.FAIL;
        }
        var detail = "The document " + new String(record.key(), StandardCharsets.UTF_8) + " has " + record.value().length + " bytes, and the topic " + documents + " does not take it: " + exception.getMessage()
                + " Raise the topic's max.message.bytes, or lower millrace.denormalizer.max-document-bytes. The index keeps the document's last good state";
        return setAside(record, detail) ? ProductionExceptionHandlerResponse.CONTINUE : ProductionExceptionHandlerResponse.FAIL;
    }

    /** By a producer of its own: the application's waits for this answer. It happens rarely enough for one each. */
    private boolean setAside(ProducerRecord<byte[], byte[]> record, String detail) {
        var headers = new RecordHeaders(record.headers());
        Headers.set(headers, Headers.REASON, Headers.bytes("document-too-large"));
        Headers.set(headers, Headers.DETAIL, Headers.bytes(detail));
        try (var own = new KafkaProducer<>(producer, new ByteArraySerializer(), new ByteArraySerializer())) {
            own.send(new ProducerRecord<>(quarantine, null, record.timestamp(), record.key(), null, headers)).get();
            parked.run();
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | RuntimeException e) {
            LOG.errorf(e, "%s. It could not be set aside in %s; the join begins again at its record", detail, quarantine);
            return false;
        }
    }
}
