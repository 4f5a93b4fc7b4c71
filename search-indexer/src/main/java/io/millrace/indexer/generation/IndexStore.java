package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.file.Pipeline;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the steps from one index to the next ask of the place where indexes are kept. What an index is for stands in its aliases, which are changed all at once or not at all. Thread-safe; several
 * indexers may ask for the same at once. Every method throws {@link SearchAwayException} when that place does not answer, or does not do what is asked.
 */
public interface IndexStore {

    /** Throws {@link SearchAwayException} when that place is something else than what documents can be written to. */
    default void requireFit() {}

    /** The indexes {@code <alias>-<six digits>}, and whatever else has the alias, as they are at one moment; the newest first. */
    List<IndexState> of(String alias);

    /**
     * Makes an index.
     *
     * @param aliases that it has from its first moment on
     * @return false where another indexer was sooner, and nothing was done
     */
    boolean create(Pipeline pipeline, String index, Set<String> aliases);

    /**
     * Carries out changes, all of them or none.
     *
     * @return false where an index or an alias that must be there is not, and nothing was done
     * @throws BlockedException when aliases cannot be changed now, and an index could still be deleted by itself
     */
    boolean change(List<AliasChange> changes);

    /**
     * Has readers see what was written.
     *
     * @return why they may not, null where they do
     */
    String refresh(String index);

    /**
     * Has an index take the columns that the registry knows by now.
     *
     * @return why it does not, null where it takes them all
     */
    String grow(Pipeline pipeline, Generation generation);

    /**
     * Brings a live index in line with the file, as far as a live index can be.
     *
     * @param filling whether nobody reads it yet
     * @return why it has not what readers need of it, such as its copies; null where it has
     */
    String adjust(Pipeline pipeline, IndexState found, boolean filling);

    /** The copies of an index that are being made; null where none are. */
    String copying(String index);

    /** Whether an index has no documents. */
    boolean isEmpty(String index);

    /** How many documents readers find in an index; null where that is not known without reading all of a large one. */
    Count count(String index);

    /** Ids of documents of an index, taken at random. */
    List<String> sample(String index, int size);

    /** Documents of an index as it has them now, by id, each with {@code found}, {@code _version} and {@code _source}. */
    Map<String, JsonNode> documents(String index, List<String> ids);

    /**
     * Looks whether readers see the index that serves, and has them see it again where somebody only took away what shows it.
     *
     * @return what they see in its place, and the way back; null where they see it
     */
    default String hidden(String alias) {
        return null;
    }

    /** In what two indexes differ of who may read and write them, in words; null where in nothing. */
    default String unlike(String served, String other) {
        return null;
    }

    /** Does what has to be done from time to time, where there is something; asked often. */
    default void tend(Generation generation) {}

    /** Whether the index is the one that it was, and did not come back from a copy. */
    boolean isSame(Generation generation);
}
