package io.millrace.capture.engine;

/** Debezium's engine ended by itself. */
public final class EngineException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    EngineException(String message, Throwable cause) {
        super(message, cause);
    }
}
