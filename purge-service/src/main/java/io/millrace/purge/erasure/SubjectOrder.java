package io.millrace.purge.erasure;

import io.debezium.outbox.quarkus.ExportedEvent;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.UUID;

/**
 * The order about a subject as it travels through the log, which hears neither who asked, nor why, nor who it is.
 *
 * @param type one of those of {@link io.millrace.pipeline.subject.SubjectKey}
 */
record SubjectOrder(UUID erasure, String type, String subject, String keyHash, Instant at) implements ExportedEvent<String, String> {

    @Override
    public String getAggregateId() {
        return keyHash;
    }

    @Override
    public String getAggregateType() {
        return subject;
    }

    @Override
    public String getType() {
        return type;
    }

    @Override
    public Instant getTimestamp() {
        return at;
    }

    @Override
    public String getPayload() {
        return "{\"erasure\":\"" + erasure + "\"}";
    }

    /** It is left to capture whether it is traced. */
    @Override
    public Map<String, Object> getAdditionalFieldValues() {
        return Collections.singletonMap("tracingspancontext", null);
    }
}
