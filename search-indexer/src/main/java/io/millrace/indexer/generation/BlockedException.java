package io.millrace.indexer.generation;

/** The search engine changes nothing of an index, because it is blocked, as at the flood stage of a disk. */
public final class BlockedException extends SearchAwayException {

    private static final long serialVersionUID = 1L;

    /** @param cause null where the engine answered */
    BlockedException(String message, Throwable cause) {
        super(message + "; free disk, or lift the block that somebody set (index.blocks.* of the index, cluster.blocks.* of the cluster). An index that stands aside is deleted all the same: ./millrace retire PIPELINE INDEX", cause);
    }
}
