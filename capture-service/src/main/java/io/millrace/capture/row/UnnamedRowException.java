package io.millrace.capture.row;

/** A change does not say which row it is of, so it can neither be written nor be brought again by touching the row. */
final class UnnamedRowException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    UnnamedRowException(String message) {
        super(message);
    }
}
