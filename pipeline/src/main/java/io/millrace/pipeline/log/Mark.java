package io.millrace.pipeline.log;

import io.millrace.pipeline.wording.Counted;

/**
 * How far a group had come in a partition, kept where it outlives the group's offsets.
 *
 * @param offset every record before it is finished; the group may have come further since
 * @param wholeAt a time, in milliseconds since 1970, at which no record stood in the log that is not before the offset
 * @param begin whether a person decided that reading begins at the offset, whatever is committed
 * @param beyond where the log once ended, though it had been read up to the offset; -1 where that was never seen. It grows past the
 *     offset again, and would then look whole
 */
record Mark(LogId id, long offset, long wholeAt, boolean begin, long beyond) {

    private static final String BEGIN = "begin";
    private static final String BEYOND = "beyond";

    static Mark at(LogId id, long offset, long wholeAt) {
        return new Mark(id, offset, wholeAt, false, -1);
    }

    static Mark begin(LogId id, long offset, long wholeAt) {
        return new Mark(id, offset, wholeAt, true, -1);
    }

    static Mark beyond(LogId id, long offset, long wholeAt, long end) {
        return new Mark(id, offset, wholeAt, false, end);
    }

    /** For people too: {@code cluster topic-id offset whole-at}, then {@code begin} where a person decided, or {@code beyond} and the end that was seen. */
    String text() {
        return id.cluster() + " " + id.topic() + " " + offset + " " + wholeAt + (begin ? " " + BEGIN : beyond >= 0 ? " " + BEYOND + " " + beyond : "");
    }

    /** @throws IllegalArgumentException when it was not written by {@link #text()} */
    static Mark parse(String text) {
        var parts = text.split(" ");
        if (parts.length < 4) {
            throw new IllegalArgumentException("'" + text + "' is no mark: it has " + Counted.of(parts.length, "part") + " instead of cluster, topic id, offset and time");
        }
        var word = parts.length > 4 ? parts[4] : "";
        return new Mark(new LogId(parts[0], parts[1]), Long.parseLong(parts[2]), Long.parseLong(parts[3]), word.equals(BEGIN), word.equals(BEYOND) ? Long.parseLong(parts[5]) : -1);
    }
}
