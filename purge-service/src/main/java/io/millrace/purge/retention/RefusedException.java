package io.millrace.purge.retention;

/** Retention that cannot be decided about: its message says why. */
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
