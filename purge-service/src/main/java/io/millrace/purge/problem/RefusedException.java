package io.millrace.purge.problem;

/** What was asked for is not begun, or cannot go on: the message says why. */
public final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String next;

    /** @param next what to do */
    public RefusedException(String why, String next) {
        super(why, null, false, false);
        this.next = next;
    }

    public String next() {
        return next;
    }
}
