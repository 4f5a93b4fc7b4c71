package io.millrace.pipeline.log;

import java.time.Duration;
import java.time.Instant;

/**
 * One partition that a group reads or that a stage writes, and what is known of its log. All but what is volatile belongs to the
 * guard's thread.
 */
final class Reading {

    /** Whether the group reads it; else the stage alone writes it, and its end never goes back. */
    private final boolean read;
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

    private Reading(boolean read, long finished) {
        this.read = read;
        this.finished = finished;
    }

    /** @param committed null where there is none */
    static Reading ofGroup(Long committed) {
        return new Reading(true, committed == null ? -1 : committed);
    }

    static Reading ofWriter() {
        return new Reading(false, -1);
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
     * @param mark null where there is none
     * @param known whether the group was there long before, so that a partition without mark and offset is new to it
     */
    void open(Log log, Mark mark, boolean known, long now) {
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
            return null;
        }
        long done = mark == null && finished < 0 && !known ? log.start() : was;
        if (done < log.start()) {
            return new Gap.Expired(done, log.start());
        }
        boolean stale = log.compacted() && mark != null && done < log.end() && now - mark.wholeAt() > log.kept();
        return stale ? new Gap.Stale(done, log.end(), Instant.ofEpochMilli(mark.wholeAt()), Duration.ofMillis(log.kept())) : null;
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
        var wrong = log == null ? new Gap.Gone(before) : !id.equals(log.id()) ? other(id, log.id(), before)
                : diverged >= 0 ? new Gap.Beyond(before, diverged) : before > log.end() ? new Gap.Beyond(before, log.end()) : null;
        if (wrong != null) {
            hold(wrong, askedAt);
            return;
        }
        suspected = null;
        if (!read) {
            finished = log.end();
        }
        measure(log, askedAt);
    }

    /** Holds the partition when the same kind of gap is found for the second time. */
    private void hold(Gap gap, long now) {
        if (suspected != null && suspected.getClass() == gap.getClass()) {
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
        if (!(start instanceof Start.From from) || begun != null && finished <= from.offset()) {
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
