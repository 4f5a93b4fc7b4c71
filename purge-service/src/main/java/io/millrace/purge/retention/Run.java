package io.millrace.purge.retention;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * One decision about a pipeline's documents, as callers see it. The audit is made of these, and none is ever taken away.
 *
 * @param asOf the time for the documents
 * @param rules the rules that hold from then on
 * @param requestedBy who began it, {@code retention} where time did
 * @param decidedBy who confirmed it; null where nobody had to, or has
 * @param reason what that person said
 * @param seenAt when it was seen carried out, by the database's clock
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Run(UUID id, String pipeline, RunState state, Instant asOf, List<String> rules, Impact impact, String requestedBy, Instant requestedAt, String decidedBy, String reason, Instant decidedAt, Instant seenAt) {}
