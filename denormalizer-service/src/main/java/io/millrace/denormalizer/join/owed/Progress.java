package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.document.DocumentKeys;

/** How far the first build of a partition's documents is. Not thread-safe. */
public final class Progress {

    private Phase phase;
    /** The root key that was emitted last; null where none was. */
    private byte[] emitted;

    public Progress(Phase phase) {
        this.phase = phase;
    }

    public enum Phase {
        /** Rows are taken in, nothing is emitted. */
        HELD,
        /** Every document is emitted once, in the order of the root keys; changes of those already emitted are too. */
        SCAN,
        /** As LIVE, but not known to be committed: a restart would scan again. */
        SCANNED,
        /** Each change is emitted. */
        LIVE
    }

    public Phase phase() {
        return phase;
    }

    public void enter(Phase next) {
        phase = next;
    }

    public byte[] emitted() {
        return emitted;
    }

    public void emitted(byte[] rootKey) {
        emitted = rootKey;
    }

    /** Whether a change of this document is emitted now, and not by the scan to come. */
    public boolean isShown(byte[] rootKey) {
        return switch (phase) {
            case HELD -> false;
            case SCAN -> emitted != null && DocumentKeys.head(rootKey).compareTo(DocumentKeys.head(emitted)) <= 0;
            case SCANNED, LIVE -> true;
        };
    }

    /** Whether every document was emitted. */
    public boolean isBuilt() {
        return phase == Phase.SCANNED || phase == Phase.LIVE;
    }
}
