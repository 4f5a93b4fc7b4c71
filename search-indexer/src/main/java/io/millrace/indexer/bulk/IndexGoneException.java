package io.millrace.indexer.bulk;

/** The index was deleted under us. */
public final class IndexGoneException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    IndexGoneException(String message) {
        super(message);
    }
}
