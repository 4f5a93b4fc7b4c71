package io.millrace.denormalizer.join.pay;

import io.millrace.denormalizer.join.document.Documents;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.owed.Account;
import io.millrace.denormalizer.join.owed.Causes;
import io.millrace.denormalizer.join.owed.Due;
import io.millrace.denormalizer.join.owed.FanOut;
import io.millrace.denormalizer.join.owed.HeldDocuments;
import io.millrace.denormalizer.join.owed.Progress;
import io.millrace.denormalizer.join.owed.Progress.Phase;
import io.millrace.denormalizer.join.owed.Retirements;
import io.millrace.denormalizer.join.owed.Truncates;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.progress.JoinState;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.utils.Bytes;

/**
 * The documents that are owed: those that no record will lead to any more. They are paid between two records, in pieces, within a share of the thread's time.
 *
 * <p>There are seven ways to owe one: the first build, a look-up that changed, a truncate, an order about retention, a heavy document that rests, a document that waits for an answer, and a field that was added to the file. Each way has its
 * {@link Account}, which a restart finds again; all are paid by the same {@link Payer}. Not thread-safe.
 */
public final class Payments {

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
    private final Retirements retirements;
    private final HeldDocuments held;
    private final Reshaping reshaping;
    private final List<Account> accounts;
    private final Payer payer;
    /** Whether the last turn sufficed for a piece of the oldest look-up and no other; then the youngest's is next. */
    private boolean wasOldestsAlone;

    public Payments(int partition, Pace pace, ThreadShare share, Progress progress, FirstBuild firstBuild, FanOut fanOut, Truncates truncates, Retirements retirements, HeldDocuments held, Reshaping reshaping, Payer payer) {
        this.partition = partition;
        this.pace = pace;
        this.share = share;
        this.progress = progress;
        this.firstBuild = firstBuild;
        this.fanOut = fanOut;
        this.truncates = truncates;
        this.retirements = retirements;
        this.held = held;
        this.reshaping = reshaping;
        this.accounts = List.of(firstBuild, held, fanOut, truncates, retirements, reshaping);
        this.payer = payer;
    }

    /** What a reference leads to has changed: every document that refers to it is owed. Before the first build, all are anyway. */
    public void lookUp(Bytes reference, Change change) {
        if (progress.phase() != Phase.HELD) {
            fanOut.start(reference, change).forEach(due -> payer.pay(due.rootKey(), due.effect(), change.with(due.cause(), due.since())));
        }
    }

    public void truncate(TablePlan table, io.millrace.pipeline.record.Position position, Change change) {
        truncates.start(table, position, change);
    }

    public void retain(Message.Retain order, Change change) {
        retirements.start(order, change);
    }

    /** A record of the exchange was taken in. */
    public void taken(long offset) {
        reshaping.taken(offset);
    }

    /** @param isQuiet whether no record has come since the last time */
    public void pay(boolean isQuiet) {
        if (!isQuiet) {
            pace.busy();
        }
        firstBuild.work(!truncates.isUnderWay(), until(share.now() + (isQuiet ? 200 : 50) * MILLI));
        accounts.forEach(Account::settle);
        pay(held.due(progress.isBuilt()));
        long now = share.now();
        long granted = fanOut.isUnderWay() || truncates.isUnderWay() || retirements.isUnderWay() || reshaping.isUnderWay() ? share.grant(now) : 0;
        if (granted > 0) {
            spread(until(now + granted));
            share.spent(share.now() - now);
        }
    }

    private BooleanSupplier until(long then) {
        return () -> share.now() < then;
    }

    private void spread(BooleanSupplier hasTime) {
        boolean isWanted = true;
        boolean isOldests = !wasOldestsAlone;
        wasOldestsAlone = false;
        boolean wasSpread = false;
        while (isWanted && hasTime.getAsBoolean()) {
            isWanted = false;
            if (truncates.isUnderWay()) {
                isWanted = truncates.sweep() || hasRoom() && pay(truncates.due(PIECE, hasTime));
            }
            if (retirements.isUnderWay() && hasTime.getAsBoolean() && hasRoom(0)) {
                var due = retirements.due(PIECE, hasTime);
                // Most documents that it passes are as they should be, and take no room.
                hasRoom(due.size());
                isWanted = pay(due);
            }
            if (reshaping.isUnderWay() && hasTime.getAsBoolean() && hasRoom(0)) {
                hasRoom(reshaping.work(PIECE, hasTime));
                isWanted = true;
            }
            if (fanOut.isUnderWay() && hasTime.getAsBoolean() && hasRoom()) {
                isWanted = pay(fanOut.due(PIECE, isOldests));
                wasOldestsAlone = isOldests && !wasSpread;
                wasSpread = true;
                isOldests = !isOldests;
            }
        }
    }

    /** Nothing is emitted that the indexer would be late for: before the first build, nothing is. */
    private boolean hasRoom() {
        return hasRoom(PIECE);
    }

    private boolean hasRoom(int documents) {
        return progress.phase() == Phase.HELD || pace.test(partition, documents);
    }

    private boolean pay(List<Due> due) {
        due.forEach(d -> payer.pay(d.rootKey(), d.effect(), Change.owed(d.cause(), d.since())));
        return true;
    }

    /** What a partition says of itself: {@link JoinState#IDLE} where nothing is owed, and all that was is out and committed. */
    public String state() {
        for (var account : accounts) {
            var state = account.state();
            if (state != null) {
                return state;
            }
        }
        return JoinState.IDLE;
    }

    /** Whether documents are owed behind the first build. */
    public boolean isOwed() {
        return progress.isBuilt() && !isSettled();
    }

    /** Whether nothing is owed, and the first build is over. */
    public boolean isSettled() {
        return state().equals(JoinState.IDLE);
    }

    /** The offset of the oldest record for which a document is owed, or is not known to be committed; {@link Causes#NONE} where there is none. */
    public long oldest() {
        long oldest = Causes.NONE;
        for (var account : accounts) {
            oldest = Math.min(oldest, account.oldest());
        }
        return oldest;
    }

    /** How many documents the walks that are under way have passed. */
    public long walked() {
        return truncates.passed() + retirements.passed() + reshaping.passed();
    }

    /** How many look-ups, tables, orders and additions to the file are on their way into documents. */
    public int pending() {
        return fanOut.pending() + truncates.pending() + retirements.pending() + (reshaping.state() == null ? 0 : 1);
    }
}
