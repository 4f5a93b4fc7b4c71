package io.millrace.purge.erasure;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;

/**
 * The erasure of a document as callers see it.
 *
 * @param document the document's id
 * @param version the version of the document's delete, null until it is carried out, and where there was nothing to erase
 * @param seenAt when this service saw that delete, by the database's clock; null until it is carried out
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Erasure(UUID id, String pipeline, String document, State state, String requestedBy, String reason, Instant requestedAt, Long version, Instant seenAt) implements Listed {}
