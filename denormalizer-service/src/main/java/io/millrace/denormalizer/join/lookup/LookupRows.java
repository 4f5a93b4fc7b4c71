package io.millrace.denormalizer.join.lookup;

import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.pipeline.record.Position;
import java.util.List;

/** The rows of some look-up tables, by the keys that documents look for. A reference is an index and a key in it, as one value. */
interface LookupRows {

    /** The highest position of what left a key; null where it is not known yet what the key leads to. */
    Position mark(LookupIndex index, byte[] reference, byte[] key);

    /** The newest row under a key that should be unique; null where there is none. */
    Found one(LookupIndex index, byte[] reference, byte[] key);

    /** All rows under a key, in the order of their ids. */
    List<Found> all(LookupIndex index, byte[] reference, byte[] key);

    /** The newest of some rows, the first of equally new ones; null where there are none. */
    static Found newest(List<Found> rows) {
        Found newest = null;
        for (var found : rows) {
            newest = newest == null || newest.position().isBefore(found.position()) ? found : newest;
        }
        return newest;
    }
}
