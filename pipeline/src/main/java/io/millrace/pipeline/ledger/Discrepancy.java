package io.millrace.pipeline.ledger;

import io.millrace.pipeline.record.Position;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What does not add up in a partition.
 *
 * @param since when the first of it was found
 * @param from the lowest offset that it is about; where records are missing, one that they may have had
 * @param to the highest
 * @param records how many, by the ordinal of {@link Kind}
 * @param position of the last change by which it was seen, null where it has none
 */
record Discrepancy(Instant since, long from, long to, long[] records, Position position) {

    static Discrepancy none(long offset) {
        return new Discrepancy(Instant.now(), offset, offset, new long[Kind.values().length], null);
    }

    Discrepancy with(Kind kind, long more, long first, long last, Position seen) {
        var sums = records.clone();
        sums[kind.ordinal()] += more;
        return new Discrepancy(since, Math.min(from, first), Math.max(to, last), sums, position == null || seen == null ? seen : position.max(seen));
    }

    long sum() {
        return Arrays.stream(records).sum();
    }

    /** A sentence without its end. */
    String text() {
        return "the counts do not agree since " + since + ", from offset " + from + " to " + to + ": "
                + Arrays.stream(Kind.values()).filter(kind -> records[kind.ordinal()] > 0).map(kind -> records[kind.ordinal()] + " " + kind.text()).collect(Collectors.joining(", "));
    }
}
