package io.millrace.denormalizer.join.state;

import io.millrace.pipeline.record.Position;

/**
 * The truncates of a table that are owed: what they took away may still be stored, and what followed from that may not be out.
 *
 * @param first position of the oldest
 * @param last position of the newest, which is the table's floor
 */
public record Truncated(Position first, Position last) {

    /** Whether what is stored was taken away by one of them, or stands where that was. */
    public boolean took(Position position, boolean isThere) {
        return (isThere || hasRaised(position)) && !last.isBefore(position);
    }

    /** Whether a mark may have its position from one of them. */
    public boolean hasRaised(Position mark) {
        return !mark.isBefore(first);
    }
}
