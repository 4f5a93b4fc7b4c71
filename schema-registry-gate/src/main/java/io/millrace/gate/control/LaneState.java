package io.millrace.gate.control;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * How far one partition of a table has come with its quarantine. Only the partition's owner writes it.
 *
 * @param queueing whether records of the partition stand in the quarantine, so that none may pass before they did
 * @param next the first offset of the quarantine's partition that was not replayed or discarded
 */
@RegisterForReflection
public record LaneState(boolean queueing, long next) {

    static final LaneState FLOWING = new LaneState(false, 0);
}
