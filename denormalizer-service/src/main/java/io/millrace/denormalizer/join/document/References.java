package io.millrace.denormalizer.join.document;

import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.lookup.Lookups;
import io.millrace.denormalizer.join.lookup.Subscriptions;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedSet;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * What each document refers to, and the way back from there to the document.
 *
 * <p>Few references are one value, which one pass over the document brings along. From {@link #MOST_BYTES} on each has a key of its own, until the document refers to
 * nothing: one more, or one less, then writes that key alone, and no set is too large for a record of the changelog. Not thread-safe.
 */
public final class References {

    private static final int MOST_BYTES = 4 << 10;

    private final Plan plan;
    private final KeyValueStore<Bytes, byte[]> documents;
    private final KeyValueStore<Bytes, byte[]> store;
    private final Lookups lookups;
    private final Subscriptions subscriptions;

    public References(Plan plan, KeyValueStore<Bytes, byte[]> documents, KeyValueStore<Bytes, byte[]> store, Lookups lookups, Subscriptions subscriptions) {
        this.plan = plan;
        this.documents = documents;
        this.store = store;
        this.lookups = lookups;
        this.subscriptions = subscriptions;
    }

    /** Reads references that are stored as one value. */
    static List<Bytes> read(byte[] stored) {
        var list = new ArrayList<Bytes>();
        for (var in = new ByteReader(stored); in.hasMore();) {
            list.add(Bytes.wrap(in.getBlock()));
        }
        return list;
    }

    /**
     * Replaces what a document refers to.
     *
     * @param stored the document as it was read
     * @return the highest position behind what is dropped; null where nothing is
     */
    public Position replace(StoredDocument stored, SortedSet<Bytes> references) {
        var added = new ArrayList<Bytes>();
        var dropped = new ArrayList<Bytes>();
        compare(stored.references(), references, added, dropped);
        if (added.isEmpty() && dropped.isEmpty()) {
            return null;
        }
        var rootKey = stored.rootKey();
        for (var reference : added) {
            lead(reference, rootKey);
        }
        var highest = Position.NONE;
        for (var reference : dropped) {
            var index = plan.indexes().get(LookupKeys.indexOf(reference.get()));
            highest = highest.max(lookups.behind(reference, index));
            store.delete(LookupKeys.referrer(reference.get(), rootKey));
            if (index.table().isSubscribed() && subscriptions.drop(reference.get(), rootKey)) {
                lookups.forget(reference);
            }
        }
        store(stored, references, added, dropped);
        return dropped.isEmpty() ? null : highest;
    }

    /** From the reference the way back leads to the document. */
    public void lead(Bytes reference, byte[] rootKey) {
        store.put(LookupKeys.referrer(reference.get(), rootKey), Stores.NONE);
    }

    /** Both are sorted. */
    private static void compare(List<Bytes> before, SortedSet<Bytes> after, List<Bytes> added, List<Bytes> dropped) {
        var olds = before.iterator();
        var old = next(olds);
        for (var reference : after) {
            while (old != null && old.compareTo(reference) < 0) {
                dropped.add(old);
                old = next(olds);
            }
            if (reference.equals(old)) {
                old = next(olds);
            } else {
                added.add(reference);
            }
        }
        for (; old != null; old = next(olds)) {
            dropped.add(old);
        }
    }

    private static Bytes next(Iterator<Bytes> all) {
        return all.hasNext() ? all.next() : null;
    }

    private void store(StoredDocument stored, SortedSet<Bytes> references, List<Bytes> added, List<Bytes> dropped) {
        var rootKey = stored.rootKey();
        if (stored.hasManyReferences()) {
            added.forEach(r -> documents.put(DocumentKeys.reference(rootKey, r.get()), Stores.NONE));
            dropped.forEach(r -> documents.delete(DocumentKeys.reference(rootKey, r.get())));
            return;
        }
        var value = value(references);
        if (value != null) {
            documents.put(DocumentKeys.references(rootKey), value);
            return;
        }
        references.forEach(r -> documents.put(DocumentKeys.reference(rootKey, r.get()), Stores.NONE));
        documents.delete(DocumentKeys.references(rootKey));
    }

    /** Null where it would be too large. */
    private static byte[] value(SortedSet<Bytes> references) {
        var out = new ByteWriter(references.size() * 24 + 1);
        for (var reference : references) {
            if (out.putBlock(reference.get()).size() > MOST_BYTES) {
                return null;
            }
        }
        return out.toBytes();
    }
}
