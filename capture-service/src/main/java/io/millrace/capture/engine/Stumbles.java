package io.millrace.capture.engine;

/** Counts how often one run after the other failed in the same way at the same place. Used by one thread. */
final class Stumbles {

    /** So often it may have been chance. */
    private static final int MOST = 3;

    private String last;
    private long place;
    private int times;

    /**
     * A run failed.
     *
     * @param why the same text for the same failure
     * @param confirmed the LSN up to which Kafka has everything, 0 where that is not known
     * @return whether it is no chance any more
     */
    boolean failed(String why, long confirmed) {
        times = why.equals(last) && confirmed == place ? times + 1 : 1;
        last = why;
        place = confirmed;
        return times >= MOST;
    }

    /** Something was done about it. */
    void forget() {
        times = 0;
        last = null;
    }

    /** How often it was by now. */
    int times() {
        return times;
    }
}
