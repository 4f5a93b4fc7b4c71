package io.millrace.capture.resnapshot;

import io.millrace.capture.continuity.Known;
import io.millrace.capture.continuity.Loaded;
import io.millrace.pipeline.file.TableName;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** How far the reading of a table is whose parts are given out in order and come back in any. Not thread-safe. */
final class Loading {

    /**
     * Blocks of a table's files, of each partition's where it has some.
     *
     * @param first the first of them
     * @param end the one behind the last
     */
    record Part(Loading table, long first, long end) {}

    private final TableName table;
    private final Known known;
    private final boolean stale;
    private final long estimate;
    private final long blocks;
    private final long step;
    private final long rowsBefore;
    private long given;
    private long done;
    /** Of the blocks that are done. */
    private long doneRows;
    private long rows;
    /** Rows that have come of parts which are not among the blocks that are done, by where a part begins. */
    private final Map<Long, Long> partRows = new HashMap<>();
    /** Parts that came back before one in front of them. */
    private final TreeMap<Long, Long> ahead = new TreeMap<>();
    private String left;
    private String hindrance;

    /**
     * @param known what is known of it as its reading begins, or began
     * @param stale whether Kafka may have rows that are gone
     * @param estimate of its rows by the planner
     * @param blocks of its largest file
     * @param step blocks of a part
     * @param done blocks that are in Kafka already
     * @param rows of them
     */
    Loading(TableName table, Known known, boolean stale, long estimate, long blocks, long step, long done, long rows) {
        this.table = table;
        this.known = known;
        this.stale = stale;
        this.estimate = estimate;
        this.blocks = blocks;
        this.step = step;
        this.given = done;
        this.done = done;
        this.doneRows = rows;
        this.rows = rows;
        this.rowsBefore = rows;
    }

    TableName table() {
        return table;
    }

    Known known() {
        return known;
    }

    boolean stale() {
        return stale;
    }

    long rows() {
        return rows;
    }

    /** Rows that this process has read. */
    long rowsNow() {
        return rows - rowsBefore;
    }

    /** By the rows of the blocks that were read, else by the planner. */
    long estimate() {
        return isComplete() ? rows : done == 0 ? Math.max(rows, estimate) : Math.max(rows, (long) ((double) doneRows / done * blocks));
    }

    boolean isComplete() {
        return done >= blocks;
    }

    /** Why what is left of it is not read here, null where it is. */
    String left() {
        return left;
    }

    /** Why none of it is read at the moment, null where nothing is known to hinder that. */
    String hindrance() {
        return hindrance;
    }

    /** Returns whether it was not hindered before. */
    boolean hinder(String why) {
        boolean isNew = hindrance == null;
        hindrance = why;
        return isNew;
    }

    void leave(String why) {
        left = why;
    }

    /** The next part to be read; null where none is left. */
    Part next() {
        if (left != null || given >= blocks) {
            return null;
        }
        long first = given;
        given = Math.min(blocks, first + step);
        return new Part(this, first, given);
    }

    void read(Part part, int more) {
        rows += more;
        partRows.merge(part.first, (long) more, Long::sum);
        hindrance = null;
    }

    /** All of a part is in Kafka. */
    void done(Part part) {
        ahead.put(part.first, part.end);
        for (var end = ahead.remove(done); end != null; end = ahead.remove(done)) {
            doneRows += partRows.remove(done);
            done = end;
        }
    }

    /** What is to be remembered. What has come of other parts than those that are done is read once more behind a crash. */
    Loaded state(long from) {
        return new Loaded(from, done, doneRows, stale, known);
    }
}
