package io.millrace.indexer.handover;

/** What was asked for is not done, and why. */
final class RefusedException extends Exception {

    private static final long serialVersionUID = 1L;

    private final boolean unknown;

    private RefusedException(String message, boolean unknown) {
        super(message);
        this.unknown = unknown;
    }

    /** There is no such thing. */
    static RefusedException unknown(String message) {
        return new RefusedException(message, true);
    }

    /** It does not go together with what is there. */
    static RefusedException conflict(String message) {
        return new RefusedException(message, false);
    }

    boolean isUnknown() {
        return unknown;
    }
}
