package io.millrace.capture.engine;

import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceLock;
import io.millrace.pipeline.file.Source;
import java.sql.SQLException;
import java.util.Locale;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Holds the WAL that the slot keeps on the primary against what the pipeline file allows. Used by one thread. */
final class WalBudget {

    private static final Logger LOG = Logger.getLogger(WalBudget.class);

    private final Source.Wal wal;
    private final Slot slot;
    private final SourceLock lock;
    private final Readiness readiness;
    private final Consumer<String> givenUp;
    private boolean warned;

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
        if (wal == null || state == null) {
            return null;
        }
        long kept = state.retainedBytes();
        var enough = kept > wal.budget() / 2 ? "the replication slot keeps " + text(kept) + " of WAL on the primary meanwhile, more than half of what source.wal.budget allows (" + text(wal.budget()) + ")" : null;
        if (kept > wal.budget()) {
            over(kept, reading);
            return enough;
        }
        readiness.concern(Readiness.Concern.WAL, null);
        if (kept > wal.budget() / 2 && !warned) {
            LOG.warnf("The replication slot %s keeps %s of WAL on the primary, more than half of what source.wal.budget allows (%s)", slot.name(), text(kept), text(wal.budget()));
        }
        warned = kept > wal.budget() / 2;
        return enough;
    }

    private void over(long kept, boolean reading) throws SQLException {
        var allowed = " of WAL on the primary, more than source.wal.budget allows (" + text(wal.budget()) + ")";
        if (wal.over() == Source.Wal.Over.GIVE_UP && !reading && lock.take() == null) {
            var why = "The replication slot " + slot.name() + " kept " + text(kept) + allowed + ", and was given up to save its disk (source.wal.over)";
            givenUp.accept(why);
            slot.giveUp();
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
