package io.millrace.indexer.generation;

/**
 * One pipeline's index, behind its alias or on the way there.
 *
 * @param index its name, {@code <alias>-<six digits>}
 * @param uuid the engine's own id of it: an index that was deleted and made again has another one
 * @param history changes when the engine restores the index from a snapshot; empty before
 * @param empty whether it had no documents when it was found
 * @param aside whether it is written beside the index that the pipeline's main consumer group writes
 * @param which start of which server has it, when it was opened; another one may lack what was written in this one. Empty where the engine's history tells that
 */
public record Generation(String index, String uuid, String history, boolean empty, boolean aside, String incarnation) {

    /**
     * The alias that only its writers use: who takes it away stops them. Its name has a capital letter, which no index may have: a delete by an external version makes the index that it does not find, whatever
     * it says of aliases, and would be lost there.
     */
    public String writeAlias() {
        return aside ? asideAlias(index) : writeAlias(index);
    }

    static String writeAlias(String index) {
        return index + "-Writer";
    }

    /** What the alias for writing was called before; indexers of that version, which may run beside this one, write by it. */
    static String formerWriteAlias(String index) {
        return index + "-writer";
    }

    /** Its writer, while the pipeline's main consumer group writes another index. */
    static String asideAlias(String index) {
        return index + "-Aside";
    }

    /** Says that it is served only when somebody asks for it. */
    static String heldAlias(String index) {
        return index + "-held";
    }

    /** Says that it is served also where readers lose something by it: somebody asked for that who was told. */
    static String unverifiedAlias(String index) {
        return index + "-unverified";
    }

    /** Says that it is being filled for the first time, so that it has no copies and is seldom refreshed. */
    static String fillingAlias(String index) {
        return index + "-filling";
    }

    /**
     * Says that it is the next one to be served, and that nobody writes the one that is.
     *
     * @param order tells one hand-over from another one to the same index
     */
    static String nextAlias(String index, String order) {
        return index + "-next-" + order;
    }
}
