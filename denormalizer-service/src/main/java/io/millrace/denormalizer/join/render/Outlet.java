package io.millrace.denormalizer.join.render;

import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Quarantine;
import io.millrace.denormalizer.join.message.Sinks;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.pipeline.file.Events;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.shape.DocumentShape;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** Where documents leave the join. */
public final class Outlet {

    private final ProcessorContext<byte[], byte[]> context;
    private final Stage stage;
    /** Names the documents' shape; null where it is the one that the state was built for. */
    private final byte[] shape;
    /** Null where the documents are no CloudEvents. */
    private final CloudEvents events;

    /** @param base what the state was built for */
    public Outlet(ProcessorContext<byte[], byte[]> context, Plan plan, DocumentShape base, Stage stage) {
        this.context = context;
        this.stage = stage;
        this.shape = plan.fingerprint().shape().equals(base) ? null : Headers.bytes(plan.fingerprint().shape().id());
        this.events = plan.events() == Events.CLOUDEVENTS ? new CloudEvents(plan.pipeline()) : null;
    }

    void document(String documentId, byte[] document, Position position, org.apache.kafka.common.header.Headers cause) {
        document(documentId, document, position, cause, new RecordHeaders());
    }

    /** @param isAbsent whether no row has ever come of it */
    void delete(String documentId, boolean isAbsent, Position position, org.apache.kafka.common.header.Headers cause) {
        document(documentId, null, position, cause, isAbsent ? new RecordHeaders().add(Headers.ABSENT, Stores.NONE) : new RecordHeaders());
    }

    private void document(String documentId, byte[] document, Position position, org.apache.kafka.common.header.Headers cause, org.apache.kafka.common.header.Headers headers) {
        headers.add(Headers.POSITION, position.toBytes());
        headers.add(Headers.VERSION, Headers.bytes(position.commit()));
        copy(cause, headers, Headers.OP);
        copy(cause, headers, Headers.COMMITTED);
        copy(cause, headers, Headers.CAPTURED);
        copy(cause, headers, Headers.GATED);
        headers.add(Headers.JOINED, Headers.bytes(Headers.nowMicros()));
        if (shape != null && document != null) {
            headers.add(Headers.SHAPE, shape);
        }
        if (events != null) {
            events.describe(headers, documentId, position, document == null);
        }
        stage.trace(cause, headers, documentId);
        forward(documentId, document, headers, Sinks.DOCUMENTS);
        if (document == null) {
            stage.deleted(cause);
        } else {
            stage.written(cause, document.length);
        }
    }

    private static void copy(org.apache.kafka.common.header.Headers from, org.apache.kafka.common.header.Headers to, String name) {
        var value = Headers.bytes(from, name);
        if (value != null) {
            to.add(name, value);
        }
    }

    void quarantine(String documentId, org.apache.kafka.common.header.Headers cause, String reason, String detail) {
        stage.parked();
        forward(documentId, null, Quarantine.headers(cause, reason, detail), Sinks.QUARANTINE);
    }

    private void forward(String documentId, byte[] value, org.apache.kafka.common.header.Headers headers, String to) {
        context.forward(new Record<>(documentId.getBytes(StandardCharsets.UTF_8), value, context.currentSystemTimeMs(), headers), to);
    }
}
