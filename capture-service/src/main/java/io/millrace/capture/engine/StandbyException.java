package io.millrace.capture.engine;

/** Another capture has the source, so this one stands by. */
final class StandbyException extends StartException {

    private static final long serialVersionUID = 1L;

    StandbyException(String message) {
        super(message);
    }
}
