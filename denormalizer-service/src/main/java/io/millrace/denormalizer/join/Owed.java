package io.millrace.denormalizer.join;

import io.millrace.denormalizer.join.Progress.Phase;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.progress.JoinState;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;

/**
 * The documents that are owed: those that no record will lead to any more. They are paid between two records, in pieces, within a share of the thread's time.
 *
 * <p>There are five ways to owe one: the first build, a look-up that changed, a truncate, a document that rests for it is heavy, and one that waits for an answer. Each keeps its own
 * account, which a restart finds again; all are paid by the same {@link Payer}. Not thread-safe.
 */
final class Owed {

    private static final long MILLI = 1_000_000;
    /** Documents between two looks at the clock. */
    private static final int PIECE = 32;

    private final int partition;
    private final Pace pace;
    private final ThreadShare share;
    private final Progress progress;
    private final FirstBuild firstBuild;
    private final FanOut fanOut;
    private final Truncates truncates;
    private final HeavyDocuments heavy;
    private final WaitingDocuments waiting;
    private final Payer payer;

    Owed(int partition, Pace pace, ThreadShare share, Progress progress, FirstBuild firstBuild, FanOut fanOut, Truncates truncates, HeavyDocuments heavy, WaitingDocuments waiting, Payer payer) {
        this.partition = partition;
        this.pace = pace;
        this.share = share;
        this.progress = progress;
        this.firstBuild = firstBuild;
        this.fanOut = fanOut;
        this.truncates = truncates;
        this.heavy = heavy;
        this.waiting = waiting;
        this.payer = payer;
    }

    /** What a reference leads to has changed: every document that refers to it is owed. Before the first build, all are anyway. */
    void lookUp(Bytes reference, Change change) {
        if (progress.phase() != Phase.HELD) {
            fanOut.start(reference, change).forEach(due -> payer.pay(due.rootKey(), due.effect(), change.with(due.cause(), due.since())));
        }
    }

    void truncate(TablePlan table, io.millrace.pipeline.record.Position position, Change change) {
        truncates.start(table, position, change);
    }

    /** @param isQuiet whether no record has come since the last time */
    void pay(boolean isQuiet) {
        firstBuild.work(!truncates.isUnderWay(), System.nanoTime() + (isQuiet ? 200 : 50) * MILLI);
        heavy.settle();
        waiting.settle();
        fanOut.settle();
        truncates.settle();
        pay(heavy.due());
        if (progress.isBuilt()) {
            pay(waiting.due());
        }
        long now = System.nanoTime();
        long granted = fanOut.isUnderWay() || truncates.isUnderWay() ? share.grant(now) : 0;
        if (granted > 0) {
            spread(now + granted);
            share.spent(System.nanoTime() - now);
        }
    }

    private void spread(long untilNanos) {
        boolean isWanted = true;
        while (isWanted && System.nanoTime() < untilNanos) {
            isWanted = false;
            if (truncates.isUnderWay()) {
                isWanted = truncates.sweep() || hasRoom() && pay(truncates.due(PIECE, untilNanos));
            }
            if (fanOut.isUnderWay() && System.nanoTime() < untilNanos && hasRoom()) {
                isWanted = pay(fanOut.due(PIECE));
            }
        }
    }

    /** Nothing is emitted that the indexer would be late for: before the first build, nothing is. */
    private boolean hasRoom() {
        return progress.phase() == Phase.HELD || pace.test(partition, PIECE);
    }

    private boolean pay(List<Due> due) {
        due.forEach(d -> payer.pay(d.rootKey(), d.effect(), Change.owed(d.cause(), d.since())));
        return true;
    }

    /** What is owed, as {@link JoinState} has it; {@link JoinState#IDLE} where nothing is, and all that was is out and committed. */
    String state() {
        if (progress.phase() != Phase.LIVE) {
            return JoinState.BUILDING;
        }
        return !waiting.isIdle() ? JoinState.ASKING : !fanOut.isIdle() ? "spreading" : !truncates.isIdle() ? "truncating" : heavy.isIdle() ? JoinState.IDLE : "holding heavy documents";
    }

    /** The offset of the oldest record for which a document is owed, or is not known to be committed; {@link Causes#NONE} where there is none. */
    long oldest() {
        return Math.min(Math.min(fanOut.oldest(), truncates.oldest()), Math.min(waiting.oldest(), heavy.oldest()));
    }

    /** How many look-ups and tables have changes on their way into documents. */
    int pending() {
        return fanOut.pending() + truncates.pending();
    }
}
