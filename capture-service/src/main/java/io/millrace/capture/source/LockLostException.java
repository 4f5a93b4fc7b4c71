package io.millrace.capture.source;

/** This process does not have its source to itself any more, and must write nothing before it has it again. */
public final class LockLostException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public LockLostException(String message) {
        super(message);
    }
}
