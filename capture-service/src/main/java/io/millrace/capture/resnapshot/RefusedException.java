package io.millrace.capture.resnapshot;

/** A table is not read again; the message says why, and what to do. */
public final class RefusedException extends Exception {

    private static final long serialVersionUID = 1;

    /** What was wrong. */
    public enum Reason {
        /** What was asked for cannot be. */
        WRONG,
        /** There is no such table, or none that is being read. */
        UNKNOWN,
        /** It cannot be now. */
        CONFLICT,
        /** A server that is needed is away. */
        AWAY
    }

    private final Reason reason;

    RefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
