package io.millrace.local;

/** A local process could not be started, reached or stopped. The message says what, why and what to do next. */
public final class LocalException extends RuntimeException {

    public LocalException(String message) {
        super(message);
    }

    public LocalException(String message, Throwable cause) {
        super(message, cause);
    }
}
