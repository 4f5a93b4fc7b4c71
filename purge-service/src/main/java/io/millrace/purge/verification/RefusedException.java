package io.millrace.purge.verification;

/** A verification that is not begun, or cannot go on: its message says why. */
final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String next;

    /** @param next what to do */
    RefusedException(String why, String next) {
        super(why, null, false, false);
        this.next = next;
    }

    String next() {
        return next;
    }
}
