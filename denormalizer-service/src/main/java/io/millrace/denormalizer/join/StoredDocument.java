package io.millrace.denormalizer.join;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Everything that is stored of one document, read in one pass over its neighbouring keys: for a store that is asked
 * through native code, one iterator costs as much as several gets. Used for one document after the other; not
 * thread-safe.
 */
final class StoredDocument {

    private final KeyValueStore<Bytes, byte[]> store;
    private final List<KeyValue<Bytes, byte[]>> entries = new ArrayList<>();
    private Bytes after;
    private byte[] rootKey;
    private Head head;
    private byte[] references;

    StoredDocument(KeyValueStore<Bytes, byte[]> store) {
        this.store = store;
    }

    /** Reads the document; what was read before is forgotten. */
    void read(byte[] root) {
        begin(root);
        try (var all = store.range(Keys.document(root), Keys.behindDocument(root))) {
            while (all.hasNext()) {
                take(all.next());
            }
        }
    }

    /**
     * Reads the next document of a walk over all.
     *
     * @return false at the end of the walk; nothing was read then
     */
    boolean readNext(KeyValueIterator<Bytes, byte[]> walk) {
        if (!walk.hasNext()) {
            return false;
        }
        begin(Keys.rootOf(walk.peekNextKey()));
        while (walk.hasNext() && walk.peekNextKey().compareTo(after) < 0) {
            take(walk.next());
        }
        return true;
    }

    private void begin(byte[] root) {
        rootKey = root;
        after = Keys.behindDocument(root);
        head = null;
        references = null;
        entries.clear();
    }

    private void take(KeyValue<Bytes, byte[]> next) {
        switch (Keys.part(next.key, rootKey)) {
            case Keys.HEAD -> head = Head.read(next.value);
            case Keys.REFERENCES -> references = next.value;
            case Keys.ENTRY -> entries.add(next);
            default -> { }
        }
    }

    byte[] rootKey() {
        return rootKey;
    }

    /** A new one where none is stored. */
    Head head() {
        return head == null ? Head.read(null) : head;
    }

    /** Null where none are stored. */
    byte[] references() {
        return references;
    }

    /** How many rows of arrays are stored, stubs included. */
    int size() {
        return entries.size();
    }

    /** The stored rows whose keys begin with a prefix, in the order of the keys. */
    List<KeyValue<Bytes, byte[]>> entries(Bytes prefix) {
        int from = 0;
        for (int to = entries.size(); from < to; ) {
            int middle = from + to >>> 1;
            if (entries.get(middle).key.compareTo(prefix) < 0) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        int end = from;
        while (end < entries.size() && beginsWith(entries.get(end).key.get(), prefix.get())) {
            end++;
        }
        return entries.subList(from, end);
    }

    private static boolean beginsWith(byte[] key, byte[] prefix) {
        return key.length >= prefix.length && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
    }
}
