package io.millrace.purge.verification;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;

/**
 * A verification as callers see it.
 *
 * @param sample percent of the documents that are compared
 * @param seenAt when it last said how far it is, by the database's clock
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Verification(UUID id, String pipeline, State state, boolean repair, double sample, String requestedBy, Instant requestedAt, Instant seenAt, long differences, @JsonUnwrapped Report report) {}
