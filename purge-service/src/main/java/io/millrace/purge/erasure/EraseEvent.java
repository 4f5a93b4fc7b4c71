package io.millrace.purge.erasure;

import io.debezium.outbox.quarkus.ExportedEvent;
import io.millrace.purge.source.ErasureOrders;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.UUID;

/**
 * The request as it travels through the log to one of the pipelines that it is for. Who asked and why stay in the audit: what is in the log is copied to many places.
 *
 * @param traceparent trace context to continue, null to leave it to capture whether the change is traced
 */
record EraseEvent(UUID erasure, String pipeline, String document, Instant requestedAt, String traceparent) implements ExportedEvent<String, String> {

    @Override
    public String getAggregateId() {
        return document;
    }

    @Override
    public String getAggregateType() {
        return pipeline;
    }

    @Override
    public String getType() {
        return ErasureOrders.TYPE;
    }

    @Override
    public Instant getTimestamp() {
        return requestedAt;
    }

    @Override
    public String getPayload() {
        return "{\"erasure\":\"" + erasure + "\"}";
    }

    /**
     * The trace context as the bare W3C text. The extension would write Java properties, which keep one field only when the
     * caller sends {@code tracestate} too, and whose length the caller decides.
     */
    @Override
    public Map<String, Object> getAdditionalFieldValues() {
        return Collections.singletonMap("tracingspancontext", traceparent);
    }
}
