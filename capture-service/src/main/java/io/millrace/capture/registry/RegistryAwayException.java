package io.millrace.capture.registry;

/** The registry could not be asked. */
public final class RegistryAwayException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RegistryAwayException(String message, Throwable cause) {
        super(message, cause);
    }
}
