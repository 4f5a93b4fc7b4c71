package io.millrace.purge.erasure;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * The erasure of a subject as callers see it. It does not say who it is.
 *
 * @param keyHash SHA-256 of the subject's name, a slash, and its key
 * @param found by table, the rows of the source that carried it when it was asked for; without tables in which counting them takes too long
 * @param waitsFor what this instance saw last that it waits for; null where it waits for nothing, or has not looked
 * @param hiddenAt since when no search shows it, by the database's clock
 * @param proof what a second look at the documents in which it stood has shown
 * @param recordsUntil when older records are gone from Kafka at the latest; null before it is hidden, and where a topic sets no limit
 * @param endedBy who withdrew it and why, or {@code source} where that has inserted the subject anew
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SubjectErasure(UUID id, String subject, String keyHash, State state, String requestedBy, String reason, Instant requestedAt, Map<String, Long> found, String waitsFor, Instant hiddenAt,
        String proof, Instant recordsUntil, Instant endedAt, String endedBy) implements Listed {

    SubjectErasure waiting(String what) {
        return new SubjectErasure(id, subject, keyHash, state, requestedBy, reason, requestedAt, found, what, hiddenAt, proof, recordsUntil, endedAt, endedBy);
    }
}
