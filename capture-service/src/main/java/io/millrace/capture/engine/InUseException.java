package io.millrace.capture.engine;

/** Another process has the source, which is all that stands in the way. */
final class InUseException extends StartException {

    private static final long serialVersionUID = 1L;

    InUseException(String message) {
        super(message);
    }
}
