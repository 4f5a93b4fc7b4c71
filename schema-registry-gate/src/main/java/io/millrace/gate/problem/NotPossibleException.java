package io.millrace.gate.problem;

/** A call that does not fit what holds; the message says what does. */
public final class NotPossibleException extends Exception {

    private static final long serialVersionUID = 1L;

    public NotPossibleException(String message) {
        super(message);
    }
}
