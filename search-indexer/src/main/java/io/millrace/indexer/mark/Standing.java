package io.millrace.indexer.mark;

import io.millrace.indexer.generation.Generation;
import java.time.Duration;

/**
 * How one partition stands to its mark, from its opening on. Thread-safe.
 *
 * <p>The mark is older than the committed offset by a few seconds, or by as much as the index was set back.
 */
public final class Standing {

    private final Generation generation;
    private final String topic;
    private final Life life;
    /** Whether the join was built anew since the mark was written. */
    private final boolean anew;
    /** As it was found; null where there was none for this index. */
    private final Mark found;
    /** Guarded by this; what the search engine has. */
    private Mark there;
    /** Guarded by this; what it may have as well, because its answer was lost. */
    private Mark sent;
    /** Guarded by this; stays as it is while {@link #owed}. */
    private long wholeAt;
    /** Guarded by this; deletes may have left the topic before they were read. */
    private boolean owed;
    /** Guarded by this; how long deletes are kept, milliseconds. */
    private long kept;
    /** Guarded by this; the highest offset up to which the index was seen to have all. */
    private long highest;
    /** Guarded by this; how many offsets short of it the topic was seen to end. */
    private long ahead;
    /** Guarded by this; whether the last look at the topic found it shorter, for one look alone may have asked a broker that had just started. */
    private boolean suspected;
    /** Guarded by this; the first offset that the topic has. */
    private long start;
    /** Guarded by this; the end of the partition when it was looked at, below zero before. */
    private long askedEnd = -1;
    private long askedAt;

    /**
     * @param topic Kafka's id of it
     * @param life of the join, as far as it has put all its documents out
     * @param found null where there is none
     * @param kept how long the topic keeps deletes
     */
    Standing(Generation generation, String topic, Life life, Mark found, Duration kept, long now) {
        this.generation = generation;
        this.topic = topic;
        this.life = life;
        this.found = found != null && found.index().equals(generation.uuid()) ? found : null;
        this.there = found;
        this.kept = kept.toMillis();
        this.anew = this.found != null && life.number() > this.found.life();
        this.owed = !generation.empty() && (this.found == null || isSetBack() || anew);
        this.wholeAt = this.found == null ? now : this.found.wholeAt();
        boolean counts = this.found != null && !isOfOtherTopic() && !anew;
        this.highest = counts ? this.found.offset() : 0;
        this.ahead = counts ? this.found.ahead() : 0;
    }

    public Generation generation() {
        return generation;
    }

    /** Whether what the index has came from a topic of that name that is not there any more. */
    public boolean isOfOtherTopic() {
        return found != null && !anew && !found.topic().equals(topic);
    }

    /** Whether the documents are other records than those that were counted before the mark: the topic, or the join, was made anew. */
    public boolean isCountedAnew() {
        return anew || isOfOtherTopic();
    }

    /** Whether the join has put all its documents out anew since this was opened. */
    boolean isOutlivedBy(Life later) {
        return later.number() > Math.max(life.number(), found == null ? 0 : found.life());
    }

    /** @param topic Kafka's id of the topic that is there now */
    boolean isOf(String topic) {
        return this.topic.equals(topic);
    }

    /** The engine's snapshots do not hold the mark, so nothing tells what they hold. */
    private boolean isSetBack() {
        return !found.history().equals(generation.history());
    }

    /**
     * Where to begin.
     *
     * @param committed below zero where nothing was committed for this index
     * @return below zero for the first record
     */
    public synchronized long from(long committed) {
        if (ahead == 0 && !anew) {
            highest = Math.max(highest, committed);
        }
        if (found == null) {
            // A table that its server may have lost something of tells how far it is by its marks alone.
            return generation.incarnation().isEmpty() ? committed : -1;
        }
        if (isOfOtherTopic() || isSetBack() || anew && !found.topic().equals(topic)) {
            return -1;
        }
        // Where the topic was seen to end short of the mark, what stands there now is other records.
        long read = found.ahead() > 0 ? found.offset() - found.ahead() : committed < 0 ? found.offset() : Math.min(committed, found.offset());
        return anew ? Math.min(life.from(), read) : read;
    }

    /**
     * Whether nobody can have written the index from this partition.
     *
     * @param committed below zero where nothing was committed for this index
     */
    public boolean isUnwritten(long committed) {
        return generation.empty() && found == null && committed < 0;
    }

    /** Whether the mark says since this was opened that the topic ended short of it, so that records may have been passed over by whoever went on where it stood. */
    synchronized boolean isToBeReadAgain() {
        return there != null && there.ahead() > 0 && (found == null || found.ahead() == 0);
    }

    /**
     * Looks how far it is.
     *
     * @param done every document before it is in the index
     * @param end of the partition now
     */
    public synchronized void look(long done, long end, long now) {
        if (ahead == 0) {
            highest = Math.max(highest, done);
        }
        owed |= now - wholeAt > kept && done > (found == null ? 0 : found.offset());
        if (owed) {
            return;
        }
        if (done >= end) {
            wholeAt = now;
        } else if (askedEnd >= 0 && done >= askedEnd) {
            wholeAt = askedAt;
        }
        if (askedEnd < 0 || done >= askedEnd) {
            askedAt = now;
            askedEnd = end;
        }
    }

    /** The highest offset up to which the index was seen to have all. */
    synchronized long highest() {
        return highest;
    }

    /**
     * Looks at the topic itself.
     *
     * @param before {@link #highest()} before Kafka was asked
     * @param first the first offset that the topic has
     * @param end the one that its next record will have
     */
    synchronized void seen(long before, long first, long end) {
        start = first;
        boolean shorter = before > end;
        if (ahead == 0 && shorter && suspected) {
            ahead = highest - end;
        }
        suspected = shorter;
    }

    /** Whether it has what the topic once lacked. */
    synchronized boolean isAhead() {
        return ahead > 0;
    }

    /** What of the topic is gone, as a sentence without its end; null where nothing is. */
    synchronized String gone() {
        if (ahead > 0) {
            return "the index " + generation.index() + " has all up to offset " + highest + ", and the topic ended at " + (highest - ahead) + ": Kafka, or this topic, came back from an older copy, or a replica that lacked records became leader";
        }
        return start == 0 ? null : "its records before offset " + start + " were deleted, though it is to keep the last one of every document, for whatever index is made from it";
    }

    /** The share of the time for which deletes are kept that the oldest unread one may have stood there. */
    synchronized double used(long now) {
        return askedEnd < 0 || wholeAt >= askedAt ? 0 : (now - wholeAt) / (double) Math.max(1, kept);
    }

    /** Whether deletes may have left the topic before they were read. */
    synchronized boolean owes() {
        return owed;
    }

    synchronized void kept(Duration deletes) {
        kept = deletes.toMillis();
    }

    /** The index has nothing any more that the topic did not have at that time. */
    public synchronized void reconciled(long at) {
        wholeAt = Math.max(wholeAt, at);
        owed = false;
    }

    /** Whether the engine has another mark than was left there: somebody else wrote it, or index and mark came back from a copy. */
    synchronized boolean isReplaced(Mark now) {
        return !equal(now, there) && (sent == null || !equal(now, sent));
    }

    /**
     * Whether the engine has a mark that knows of less than was left there: index and mark came back from a copy. One that knows of more is from whoever wrote the index until now, and left it when this was open already.
     */
    synchronized boolean isOlder(Mark now) {
        return isReplaced(now) && !(now != null && (there == null || isOfTheSame(now, there) && now.offset() >= there.offset()));
    }

    private static boolean isOfTheSame(Mark one, Mark other) {
        return one.index().equals(other.index()) && one.history().equals(other.history()) && one.topic().equals(other.topic()) && one.life() == other.life() && one.ahead() == other.ahead();
    }

    private static boolean equal(Mark a, Mark b) {
        return a == null ? b == null : a.equals(b);
    }

    /**
     * What is worth keeping now.
     *
     * @param offset every document before it is in the index
     * @return null where nothing is
     */
    synchronized Mark due(long offset, Duration atRest) {
        if (isOfOtherTopic() || owed) {
            return null;
        }
        var mark = new Mark(generation.uuid(), generation.history(), topic, ahead > 0 ? highest : offset, wholeAt, ahead, Math.max(life.number(), found == null ? 0 : found.life()));
        if (there != null && there.index().equals(mark.index()) && there.history().equals(mark.history()) && there.offset() == mark.offset() && there.ahead() == ahead && there.life() == mark.life() && wholeAt - there.wholeAt() < atRest.toMillis()) {
            return null;
        }
        sent = mark;
        return mark;
    }

    synchronized void written(Mark mark) {
        there = mark;
        sent = null;
    }
}
