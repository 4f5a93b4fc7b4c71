package io.millrace.denormalizer.stream;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProductionExceptionHandler;
import org.jboss.logging.Logger;

/** A document that its topic does not take must not stop the others. Made by Kafka Streams. */
@RegisterForReflection
public final class OversizeHandler implements ProductionExceptionHandler {

    /** The Streams setting that names the documents' topic. */
    static final String DOCUMENTS = "millrace.documents.topic";

    private static final Logger LOG = Logger.getLogger(OversizeHandler.class);

    private String documents;

    @Override
    public void configure(Map<String, ?> configs) {
        documents = (String) configs.get(DOCUMENTS);
    }

    @Override
    public ProductionExceptionHandlerResponse handle(ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
        if (exception instanceof RecordTooLargeException && record.topic().equals(documents)) {
            LOG.errorf("The document %s has %d bytes, which the topic %s does not take: raise the topic's max.message.bytes, or lower millrace.denormalizer.max-document-bytes"
                    + " so that such documents go to quarantine. The index keeps the document's last good state", new String(record.key(), StandardCharsets.UTF_8), record.value().length, documents);
            return ProductionExceptionHandlerResponse.CONTINUE;
        }
        return ProductionExceptionHandlerResponse.FAIL;
    }
}
