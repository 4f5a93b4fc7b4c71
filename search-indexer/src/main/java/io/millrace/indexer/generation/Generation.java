package io.millrace.indexer.generation;

/**
 * One pipeline's index, behind its alias or on the way there.
 *
 * @param index its name, {@code <alias>-<six digits>}
 * @param uuid the engine's own id of it: an index that was deleted and made again has another one
 * @param history changes when the engine restores the index from a snapshot; empty before
 * @param empty whether it had no documents when it was found
 */
public record Generation(String index, String uuid, String history, boolean empty) {

    /**
     * The alias that only writers use. Its name has a capital letter, which no index may have: a delete by an external version makes the index that it does not find, whatever it says of
     * aliases, and would be lost there.
     */
    public String writeAlias() {
        return writeAlias(index);
    }

    static String writeAlias(String index) {
        return index + "-Writer";
    }

    /** What the alias for writing was called before; indexers of that version, which may run beside this one, write by it. */
    static String formerWriteAlias(String index) {
        return index + "-writer";
    }
}
