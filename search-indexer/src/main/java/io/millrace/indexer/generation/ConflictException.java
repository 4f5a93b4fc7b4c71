package io.millrace.indexer.generation;

/** What is there is in the way of what was asked for, and stays so until somebody changes it. */
public final class ConflictException extends SearchAwayException {

    private static final long serialVersionUID = 1L;

    public ConflictException(String message) {
        super(message);
    }
}
