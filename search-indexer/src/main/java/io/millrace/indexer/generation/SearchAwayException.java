package io.millrace.indexer.generation;

/** The search engine, or the registry, does not answer or cannot be used as it is; trying again later may help. */
public class SearchAwayException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public SearchAwayException(String message, Throwable cause) {
        super(message, cause);
    }

    public SearchAwayException(String message) {
        super(message);
    }
}
