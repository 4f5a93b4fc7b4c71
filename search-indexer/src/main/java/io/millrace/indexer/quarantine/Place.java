package io.millrace.indexer.quarantine;

import java.nio.charset.StandardCharsets;

/**
 * Where a document stands in quarantine.
 *
 * @param key of the document; null where it has none
 * @param index that refused it; empty where it was the join that set it aside, or where that was not noted yet
 * @param partition of the quarantine, and of the documents
 * @param offset in the partition of the quarantine
 * @param replayable whether it is a document that an index could take
 * @param asked whether somebody asked for it to be replayed
 */
public record Place(byte[] key, String index, int partition, long offset, boolean replayable, boolean asked) {

    /** The id, as far as it is text. */
    String id() {
        return key == null ? "" : new String(key, StandardCharsets.UTF_8);
    }

    Place whenAsked() {
        return new Place(key, index, partition, offset, replayable, true);
    }

    /** How it is named to a person. */
    String name() {
        return partition + ":" + offset;
    }
}
