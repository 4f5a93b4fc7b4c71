package io.millrace.pipeline.log;

import java.time.Duration;
import java.time.Instant;

/**
 * One partition that a group reads or that a stage writes, and what is known of its log. All but what is volatile belongs to the
 * guard's thread.
 */
final class Reading {

    /** A stage that is behind for longer than deletions are kept is told apart from one that is between two looks. */
    private static final long SHORTEST_KEPT = Duration.ofMinutes(1).toMillis();

    /** Whether the group reads it; else the stage alone writes it, and its end never goes back. */
    private final boolean read;
    /** Whether all that its mark says was seen to. */
    private final boolean renewed;
    /** Every record before it is finished; below zero where that is not known. */
    private volatile long finished;
    /** Where the log parts from what was read of it; below zero where it does not. */
    private volatile long diverged = -1;
    private volatile Start start;
    private volatile double used;
    private LogId id;
    private Mark begun;
    /** What the last look found wrong, null where nothing; one look alone may have asked a broker that had just started. */
    private Gap suspected;
    private long wholeAt;
    private long askedAt;
    private long askedEnd = -1;
    private volatile Mark written;
    private long writtenAt;

    private Reading(boolean read, boolean renewed, long finished) {
        this.read = read;
        this.renewed = renewed;
        this.finished = finished;
    }

    /** @param committed null where there is none */
    static Reading ofGroup(Long committed) {
        return new Reading(true, false, committed == null ? -1 : committed);
    }

    static Reading ofWriter() {
        return new Reading(false, false, -1);
    }

    /** As {@link #ofWriter()}, taken as it is whatever its mark says. */
    static Reading ofWriterAnew() {
        return new Reading(false, true, -1);
    }

    /** Null while it is not decided. */
    Start start() {
        return start;
    }

    long finished() {
        return finished;
    }

    void finished(long offset) {
        finished = offset;
    }

    /** Of a log that the stage alone writes: its end was here once, whatever it is later. */
    synchronized void reached(long end) {
        finished = Math.max(finished, end);
    }

    /** Below zero where no mark was written yet. */
    long marked() {
        var last = written;
        return last == null ? -1 : last.offset();
    }

    void diverged(long end) {
        diverged = end;
    }

    /** The share of the time for which records are kept that the oldest unread one may have stood there. */
    double used() {
        return used;
    }

    /** Whether the group was to begin elsewhere since this was opened. */
    boolean isOverruled(Mark mark) {
        return mark != null && mark.begin() && mark != begun;
    }

    /**
     * Decides where to begin.
     *
     * @param log null where the partition is not there
     * @param left what was kept of it, null where there is nothing
     * @param known whether the group was there long before, so that a partition without mark and offset is new to it
     */
    void open(Log log, Mark left, boolean known, long now) {
        var mark = renewed ? null : left;
        var wrong = wrong(log, mark, known, now);
        if (wrong != null) {
            id = mark != null ? mark.id() : log == null ? null : log.id();
            wholeAt = mark != null ? mark.wholeAt() : now;
            hold(wrong, now);
            return;
        }
        suspected = null;
        if (log == null) {
            start = start instanceof Start.Absent ? start : new Start.Absent();
            return;
        }
        long from = !read ? log.end() : mark != null && mark.begin() ? mark.offset() : Math.max(log.start(), finished >= 0 ? finished : mark != null ? mark.offset() : 0);
        id = log.id();
        begun = mark != null && mark.begin() ? mark : null;
        diverged = -1;
        finished = from;
        wholeAt = mark == null ? now : mark.wholeAt();
        askedEnd = -1;
        written = null;
        start = new Start.From(from);
    }

    private Gap wrong(Log log, Mark mark, boolean known, long now) {
        long was = Math.max(Math.max(0, finished), mark == null ? 0 : mark.offset());
        if (log == null) {
            return mark == null && finished < 0 ? null : new Gap.Gone(was);
        }
        if (mark != null && !mark.id().equals(log.id())) {
            return other(mark.id(), log.id(), was);
        }
        if (mark != null && mark.begin() && !read) {
            return null;
        }
        if (mark != null && mark.begin()) {
            return mark.offset() < log.start() ? new Gap.Expired(mark.offset(), log.start()) : mark.offset() > log.end() ? new Gap.Beyond(mark.offset(), log.end()) : null;
        }
        if (mark != null && mark.beyond() >= 0) {
            return new Gap.Beyond(mark.offset(), mark.beyond());
        }
        if (diverged >= 0 || was > log.end()) {
            return new Gap.Beyond(was, diverged >= 0 ? diverged : log.end());
        }
        if (!read) {
            return !renewed && missesItsBegin(log) ? new Gap.Expired(0, log.start()) : null;
        }
        long done = mark == null && finished < 0 && !known && !missesItsBegin(log) ? log.start() : was;
        if (done < log.start()) {
            return new Gap.Expired(done, log.start());
        }
        boolean stale = log.compacted() && mark != null && done < log.end() && now - mark.wholeAt() > log.kept();
        return stale ? stale(done, log, mark.wholeAt()) : null;
    }

    /** A compacted log has the last record of every key, so compaction alone never moves its begin. */
    private static boolean missesItsBegin(Log log) {
        return log.compacted() && log.start() > 0;
    }

    private static Gap stale(long done, Log log, long wholeAt) {
        return new Gap.Stale(done, log.end(), Instant.ofEpochMilli(wholeAt), Duration.ofMillis(log.kept()));
    }

    private static Gap other(LogId was, LogId is, long read) {
        return was.cluster().equals(is.cluster()) ? new Gap.OtherTopic(was.topic(), is.topic(), read) : new Gap.OtherCluster(was.cluster(), is.cluster(), read);
    }

    /**
     * Looks whether an open partition's log is still the one in which it was begun.
     *
     * @param before how far it was read before Kafka was asked
     */
    void check(Log log, long before, long askedAt) {
        var wrong = changed(log, before, askedAt);
        if (wrong != null) {
            hold(wrong, askedAt);
            return;
        }
        suspected = null;
        if (!read) {
            reached(log.end());
        }
        measure(log, askedAt);
    }

    private Gap changed(Log log, long before, long askedAt) {
        if (log == null) {
            return new Gap.Gone(before);
        }
        if (!id.equals(log.id())) {
            return other(id, log.id(), before);
        }
        if (diverged >= 0 || before > log.end()) {
            return new Gap.Beyond(before, diverged >= 0 ? diverged : log.end());
        }
        if (!read) {
            return !renewed && missesItsBegin(log) ? new Gap.Expired(0, log.start()) : null;
        }
        boolean stale = log.compacted() && before < log.end() && askedAt - wholeAt > Math.max(SHORTEST_KEPT, log.kept());
        return stale ? stale(before, log, wholeAt) : null;
    }

    /** Holds the partition when the same kind of gap is found for the second time, and at once where it is time alone that has gone by: who catches up before a second look has missed as much. */
    private void hold(Gap gap, long now) {
        if (gap instanceof Gap.Stale || suspected != null && suspected.getClass() == gap.getClass()) {
            if (!(start instanceof Start.Held held) || held.gap().getClass() != gap.getClass()) {
                start = new Start.Held(gap, now);
            }
        }
        suspected = gap;
    }

    private void measure(Log log, long now) {
        long read = finished;
        if (read >= log.end()) {
            wholeAt = now;
        } else if (askedEnd >= 0 && read >= askedEnd) {
            wholeAt = this.askedAt;
        }
        if (askedEnd < 0 || read >= askedEnd) {
            askedAt = now;
            askedEnd = log.end();
        }
        used = read >= log.end() || log.kept() == Log.FOR_EVER ? 0 : (now - wholeAt) / (double) Math.max(1, log.kept());
    }

    /**
     * What is worth keeping now.
     *
     * @return null where nothing is, or where it was kept a short while ago
     */
    Mark due(long now, Duration moving, Duration resting) {
        if (start instanceof Start.Held held && held.gap() instanceof Gap.Beyond beyond && id != null && (written == null || written.beyond() < 0)) {
            return Mark.beyond(id, beyond.read(), wholeAt, beyond.end());
        }
        if (!(start instanceof Start.From from) || read && begun != null && finished <= from.offset()) {
            return null;
        }
        var mark = Mark.at(id, finished, wholeAt);
        boolean due = written == null || mark.offset() != written.offset() && now - writtenAt >= moving.toMillis() || mark.wholeAt() - written.wholeAt() >= resting.toMillis();
        return due ? mark : null;
    }

    void written(Mark mark, long now) {
        written = mark;
        writtenAt = now;
    }
}
