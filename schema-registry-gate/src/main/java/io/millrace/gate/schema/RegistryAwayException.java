package io.millrace.gate.schema;

/** The registry did not answer, or answered that it cannot; asking again later may help. */
public final class RegistryAwayException extends Exception {

    private static final long serialVersionUID = 1L;

    RegistryAwayException(String message) {
        super(message);
    }

    RegistryAwayException(String attempted, String why, Throwable cause) {
        super(attempted + " failed: " + why, cause);
    }
}
