package io.millrace.capture.engine;

import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceLock;
import io.millrace.pipeline.file.Source;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Holds the WAL that the slot keeps on the primary against what the pipeline file allows. Used by one thread. */
final class WalBudget {

    private static final Logger LOG = Logger.getLogger(WalBudget.class);

    /** Of whoever reads the slot, and of a slot that is there. */
    private static final List<Readiness.Concern> OF_WAL = List.of(Readiness.Concern.WAL, Readiness.Concern.LAG, Readiness.Concern.WAL_NEAR);

    private final Source.Wal wal;
    private final Slot slot;
    private final SourceLock lock;
    private final Readiness readiness;
    private final Consumer<String> givenUp;
    /** Whether there is no slot because it was given up here: that is said until there is one again. */
    private boolean gaveUp;

    /**
     * @param wal null where there is no limit
     * @param lock of the source: who waits for another process leaves the slot to that
     * @param givenUp is told why the slot was given up
     */
    WalBudget(Source.Wal wal, Slot slot, SourceLock lock, Readiness readiness, Consumer<String> givenUp) {
        this.wal = wal;
        this.slot = slot;
        this.lock = lock;
        this.readiness = readiness;
        this.givenUp = givenUp;
    }

    /**
     * @param state the slot as it is now, null where there is none
     * @param reading whether tables are being read: a slot that is given up then would only make that begin again
     * @return why no more should be read before the stream, null where nothing stands against it: the stream needs the other half to catch up
     * @throws SQLException when the slot is to be given up and cannot be; to be tried again at the next look
     */
    String hold(Slot.State state, boolean reading) throws SQLException {
        if (wal == null) {
            return null;
        }
        if (state == null || readiness.state().isStandingBy()) {
            OF_WAL.stream().filter(which -> !gaveUp || which != Readiness.Concern.WAL).forEach(which -> readiness.concern(which, null));
            return null;
        }
        gaveUp = false;
        near(state);
        behind(state.lagBytes(), reading);
        long kept = state.retainedBytes();
        var enough = kept > wal.budget() / 2 ? "the replication slot keeps " + text(kept) + " of WAL on the primary meanwhile, more than half of what source.wal.budget allows (" + text(wal.budget()) + ")" : null;
        if (kept > wal.budget()) {
            over(kept, reading);
            return enough;
        }
        readiness.concern(Readiness.Concern.WAL, null);
        return enough;
    }

    /** Of what is reading before the stream nothing is confirmed, so there the lag says nothing. */
    private void behind(long lag, boolean reading) {
        var why = wal.lag() == 0 || reading || lag <= wal.lag() ? null : "Capture is behind: " + text(lag) + " of WAL were written since what it has confirmed, more than source.wal.lag allows (" + text(wal.lag())
                + "). Bring back what it waits for; if it waits for nothing, more is written than it reads, see millrace_records_total and millrace_processing_seconds";
        if (readiness.concern(Readiness.Concern.LAG, why)) {
            LOG.error(why);
        }
    }

    private void near(Slot.State state) {
        var near = new ArrayList<String>();
        if (state.retainedBytes() > wal.budget() * wal.warn()) {
            near.add("keeps " + text(state.retainedBytes()) + " of WAL on the primary, and source.wal.budget allows " + text(wal.budget()));
        }
        if (wal.lag() > 0 && state.lagBytes() > wal.lag() * wal.warn()) {
            near.add("has " + text(state.lagBytes()) + " of WAL that capture has not confirmed, and source.wal.lag allows " + text(wal.lag()));
        }
        var why = near.isEmpty() ? null : "The replication slot " + slot.name() + " " + String.join("; it ", near);
        if (readiness.concern(Readiness.Concern.WAL_NEAR, why)) {
            LOG.warn(why);
        }
    }

    private void over(long kept, boolean reading) throws SQLException {
        var allowed = " of WAL on the primary, more than source.wal.budget allows (" + text(wal.budget()) + ")";
        if (wal.over() == Source.Wal.Over.GIVE_UP && !reading && lock.take() == null) {
            var why = "The replication slot " + slot.name() + " kept " + text(kept) + allowed + ", and was given up to save its disk (source.wal.over)";
            givenUp.accept(why);
            slot.giveUp();
            gaveUp = true;
            LOG.error(why);
            readiness.concern(Readiness.Concern.WAL, why);
            return;
        }
        var why = "The replication slot " + slot.name() + " keeps " + text(kept) + allowed + ". Bring back what capture waits for; if it waits for nothing, a long transaction on the primary"
                + " holds the slot (SELECT * FROM pg_stat_activity ORDER BY xact_start), or capture is slower than the writes. To save the disk now, stop capture, drop the slot, and run ./millrace recover";
        if (readiness.concern(Readiness.Concern.WAL, why)) {
            LOG.error(why);
        }
    }

    private static String text(long bytes) {
        return bytes < 1_000_000_000 ? String.format(Locale.ROOT, "%d MB", bytes / 1_000_000) : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }
}
