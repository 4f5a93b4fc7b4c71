package io.millrace.indexer.bulk;

/** A record that is no document. */
final class UnusableException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String code;

    UnusableException(String code, String message) {
        super(message);
        this.code = code;
    }

    /** The stable code for the quarantine. */
    String code() {
        return code;
    }
}
