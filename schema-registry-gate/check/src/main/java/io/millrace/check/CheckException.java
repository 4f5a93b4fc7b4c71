package io.millrace.check;

/** The check cannot be made; the message says what was attempted, why it failed and what to do. */
public final class CheckException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public CheckException(String message) {
        super(message);
    }

    public CheckException(String message, Throwable cause) {
        super(message, cause);
    }
}
