package io.millrace.indexer.quarantine;

import io.millrace.indexer.IndexerConfig;

/**
 * Tells one bad document from a bad day: when most of the recent documents are refused, the fault is hardly theirs, and
 * quarantining the rest would only bury it. Thread-safe.
 */
public final class Breaker {

    private final double share;
    private final int window;
    private final int least;
    /** Guarded by this; halved whenever the window is full, so that old outcomes fade. */
    private double seen;
    /** Guarded by this. */
    private double refused;

    public Breaker(IndexerConfig.Breaker config) {
        this(config.share(), config);
    }

    private Breaker(double share, IndexerConfig.Breaker config) {
        this.share = share;
        this.window = config.window();
        this.least = config.refusals();
    }

    /** One that lets every refused document be quarantined. */
    public static Breaker admitting(IndexerConfig.Breaker config) {
        return new Breaker(1, config);
    }

    /**
     * Whether refused documents may be quarantined. Where not, they are not counted: they are asked for again.
     *
     * @param answered how many documents were answered for good, the refused ones among them
     */
    public synchronized boolean admits(int refusedNow, int answered) {
        if (refusedNow > 0 && refused + refusedNow >= least && (refused + refusedNow) / (seen + answered) > share) {
            return false;
        }
        seen += answered;
        refused += refusedNow;
        while (seen > window) {
            seen /= 2;
            refused /= 2;
        }
        return true;
    }
}
