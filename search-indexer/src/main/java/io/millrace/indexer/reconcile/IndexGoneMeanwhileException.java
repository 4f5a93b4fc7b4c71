package io.millrace.indexer.reconcile;

import java.io.IOException;

/** The index, or the alias by which it is written, went while the index was reconciled. */
public final class IndexGoneMeanwhileException extends IOException {

    private static final long serialVersionUID = 1L;

    public IndexGoneMeanwhileException(String message) {
        super(message);
    }
}
