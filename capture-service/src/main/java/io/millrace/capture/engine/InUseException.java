package io.millrace.capture.engine;

/** A process that is no capture reads the slot, or one whose connection has not ended yet, which is all that stands in the way. */
final class InUseException extends StartException {

    private static final long serialVersionUID = 1L;

    InUseException(String message) {
        super(message);
    }
}
