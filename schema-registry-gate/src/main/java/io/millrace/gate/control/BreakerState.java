package io.millrace.gate.control;

import io.millrace.gate.schema.Refusal;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;

/**
 * Whether every instance of the gate has stopped.
 *
 * @param open whether it has
 * @param reason why it was opened, or by whom it was closed
 * @param table the table whose record opened it, null where it is closed
 * @param refusal what was wrong with that record, null where it is closed
 * @param at since when
 */
@RegisterForReflection
public record BreakerState(boolean open, String reason, String table, Refusal refusal, Instant at) {

    static final BreakerState CLOSED = new BreakerState(false, "never opened", null, null, Instant.EPOCH);
}
