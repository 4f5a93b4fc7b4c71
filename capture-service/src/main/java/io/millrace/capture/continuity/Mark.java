package io.millrace.capture.continuity;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * How far a source is captured, as Kafka remembers it. It is written before anything is confirmed to Postgres, so a slot
 * that has confirmed more than it says was moved by somebody else.
 *
 * @param acknowledged Kafka holds everything that was committed up to here
 * @param looked when slot and publication were last looked at; null where they never were
 * @param horizon every transaction below had ended before that look, see {@link io.millrace.capture.source.SourceLook#horizon}; 0 where a version remembered it that did not ask
 * @param beat the last heartbeat row that Kafka was told of, null where there was none: a history that is the same has it again
 */
public record Mark(Origin origin, Point acknowledged, Point looked, @JsonInclude(JsonInclude.Include.NON_DEFAULT) long horizon, Point beat) {

    /** Where the source was known to be whole. */
    Point good() {
        return looked == null ? acknowledged : looked;
    }
}
