package io.millrace.denormalizer.join.document;

import io.millrace.denormalizer.join.state.Piece;
import java.util.ArrayList;
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
public final class StoredDocument {

    private final KeyValueStore<Bytes, byte[]> store;
    private final List<KeyValue<Bytes, byte[]>> entries = new ArrayList<>();
    private Bytes after;
    private byte[] rootKey;
    private Head head;
    private final List<Bytes> references = new ArrayList<>();
    private boolean hasFewReferences;

    public StoredDocument(KeyValueStore<Bytes, byte[]> store) {
        this.store = store;
    }

    /** Reads the document; what was read before is forgotten. */
    public void read(byte[] root) {
        begin(root);
        try (var all = store.range(DocumentKeys.document(root), DocumentKeys.behindDocument(root))) {
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
    public boolean readNext(KeyValueIterator<Bytes, byte[]> walk) {
        if (!walk.hasNext()) {
            return false;
        }
        begin(DocumentKeys.rootOf(walk.peekNextKey()));
        while (walk.hasNext() && walk.peekNextKey().compareTo(after) < 0) {
            take(walk.next());
        }
        return true;
    }

    private void begin(byte[] root) {
        rootKey = root;
        after = DocumentKeys.behindDocument(root);
        head = null;
        references.clear();
        hasFewReferences = false;
        entries.clear();
    }

    private void take(KeyValue<Bytes, byte[]> next) {
        switch (DocumentKeys.part(next.key, rootKey)) {
            case DocumentKeys.HEAD -> head = Head.read(next.value);
            case DocumentKeys.REFERENCES -> takeReferences(next);
            case DocumentKeys.ENTRY -> entries.add(next);
            default -> { }
        }
    }

    /** The one value comes first. As long as it is there, keys beside it are what a crash has left of a set that had begun to grow. */
    private void takeReferences(KeyValue<Bytes, byte[]> next) {
        var reference = DocumentKeys.referenceOf(next.key, rootKey);
        if (reference == null) {
            hasFewReferences = true;
            references.addAll(References.read(next.value));
        } else if (!hasFewReferences) {
            references.add(reference);
        }
    }

    public byte[] rootKey() {
        return rootKey;
    }

    /** A new one where none is stored. */
    public Head head() {
        return head == null ? Head.read(null) : head;
    }

    /** Sorted. */
    public List<Bytes> references() {
        return references;
    }

    /** Whether each reference has a key of its own. */
    boolean hasManyReferences() {
        return !hasFewReferences && !references.isEmpty();
    }

    /** How many rows of arrays are stored, stubs included. */
    public int size() {
        return entries.size();
    }

    /** The stored rows whose keys begin with a prefix, in the order of the keys. */
    public List<KeyValue<Bytes, byte[]>> entries(Bytes prefix) {
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
        while (end < entries.size() && Piece.beginsWith(entries.get(end).key.get(), prefix.get())) {
            end++;
        }
        return entries.subList(from, end);
    }
}
