package io.millrace.denormalizer.join.state;

import io.millrace.pipeline.shape.DocumentShape;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/** What stands in a partition's state of the shape that it was built for, and of those that its documents may have. Not thread-safe. */
public final class StoredShape {

    private static final Bytes FINGERPRINT = Kind.meta("fingerprint");
    private static final Bytes BASE = Kind.meta("base");
    private static final Bytes SHAPES = Kind.meta("shapes");
    private static final Bytes RESHAPED = Kind.meta("reshaped");

    private final KeyValueStore<Bytes, byte[]> store;

    /** @param store that of the look-ups */
    public StoredShape(KeyValueStore<Bytes, byte[]> store) {
        this.store = store;
    }

    /** Null where nothing is stored yet. */
    public String fingerprint() {
        var stored = store.get(FINGERPRINT);
        return stored == null ? null : new String(stored, StandardCharsets.US_ASCII);
    }

    /** What the state was built for, by which its rows have their columns; null where nothing is stored yet, and where a version before this one stored it. */
    public DocumentShape base() {
        var stored = store.get(BASE);
        return stored == null ? null : new DocumentShape(new String(stored, StandardCharsets.UTF_8));
    }

    /** The shapes that its documents may have, the last of them the one in which they are emitted; more than one until every document was emitted in that one. Empty where {@link #base} is null. */
    public List<DocumentShape> shapes() {
        var shapes = new ArrayList<DocumentShape>();
        var stored = store.get(SHAPES);
        for (var in = stored == null ? null : new ByteReader(stored); in != null && in.hasMore();) {
            shapes.add(new DocumentShape(in.getUtf8()));
        }
        return shapes;
    }

    /** Up to which root key every document is out in the last shape, and committed; null where that is not known of any. */
    public byte[] reshaped() {
        return store.get(RESHAPED);
    }

    public void reshaped(byte[] rootKey) {
        store.put(RESHAPED, rootKey);
    }

    /**
     * From now on documents are emitted in this shape.
     *
     * @param isOld whether documents may be out in those before, and are others in this one
     */
    public void begin(String fingerprint, DocumentShape base, DocumentShape shape, boolean isOld) {
        var before = isOld ? shapes() : List.<DocumentShape>of();
        if (before.isEmpty() || !before.getLast().equals(shape)) {
            store.delete(RESHAPED);
            var all = new ArrayList<>(before);
            all.remove(shape);
            all.add(shape);
            write(all);
        }
        store.put(BASE, base.text().getBytes(StandardCharsets.UTF_8));
        store.put(FINGERPRINT, fingerprint.getBytes(StandardCharsets.US_ASCII));
    }

    /** Every document is out in the last shape, and committed. */
    public void end() {
        write(List.of(shapes().getLast()));
        store.delete(RESHAPED);
    }

    private void write(List<DocumentShape> shapes) {
        var out = new ByteWriter(4096);
        shapes.forEach(shape -> out.putBlock(shape.text().getBytes(StandardCharsets.UTF_8)));
        store.put(SHAPES, out.toBytes());
    }
}
