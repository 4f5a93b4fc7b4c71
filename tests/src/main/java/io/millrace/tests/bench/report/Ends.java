package io.millrace.tests.bench.report;

import io.millrace.tests.bench.StageCounts;
import io.millrace.tests.bench.StageCounts.Point;
import io.millrace.tests.oracle.Comparison;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What was counted at both ends of the way, and in between, by those who have it and not by the product.
 *
 * @param committed changes of rows, as the writer counts what the database took; cascades and probes not among them, so more are captured
 * @param put what each stage has put out meanwhile: records, or writes and deletes of the indexes
 * @param inDatabase documents by the SQL join, at the end
 * @param inIndex documents that a search finds, at the end
 * @param differences between the two, byte for byte
 * @param verdict the oracle's own words
 */
public record Ends(long committed, Map<Point, Long> put, long inDatabase, long inIndex, int differences, List<String> verdict) {

    static Ends of(long committed, Map<Point, Long> before, Map<Point, Long> after, List<Comparison> verdict) {
        var put = new EnumMap<Point, Long>(Point.class);
        after.forEach((point, count) -> put.put(point, count - before.getOrDefault(point, 0L)));
        return new Ends(committed, put, verdict.stream().mapToLong(Comparison::expected).sum(), verdict.stream().mapToLong(Comparison::actual).sum(), verdict.stream().mapToInt(c -> c.differences().size()).sum(),
                verdict.stream().map(Comparison::describe).toList());
    }

    static Map<Point, Long> count(StageCounts counts) {
        counts.look();
        return counts.map(StageCounts.Progress::count);
    }

    /** Whether every row that was captured has come through the gate, and index and database agree. */
    boolean agree() {
        return differences == 0 && inDatabase == inIndex && put.get(Point.CAPTURED).equals(put.get(Point.GATED));
    }
}
