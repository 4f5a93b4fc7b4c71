package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.Elements;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Shape;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.denormalizer.row.ByteReader;
import io.millrace.denormalizer.row.ByteWriter;
import io.millrace.denormalizer.row.CellJson;
import io.millrace.denormalizer.row.KeyEncoding;
import io.millrace.denormalizer.row.Row;
import io.millrace.pipeline.record.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.apache.kafka.common.utils.Bytes;

/** Renders one document after the other; after each it knows what the document referred to and its highest position. */
final class DocumentBuilder {

    private final Plan plan;
    private final StoredDocument document;
    private final Lookups lookups;
    private final ByteWriter out = new ByteWriter(4096);
    private final ByteWriter scratch = new ByteWriter(256);
    private final TreeSet<Bytes> references = new TreeSet<>();
    private Position position;

    DocumentBuilder(Plan plan, StoredDocument document, Lookups lookups) {
        this.plan = plan;
        this.document = document;
        this.lookups = lookups;
    }

    /**
     * Renders the document that was read last.
     *
     * @throws IllegalArgumentException when JSON cannot hold a value
     */
    byte[] build(Head head) {
        position = head.mark.max(head.root);
        references.clear();
        out.truncate(0);
        var table = plan.root().table();
        object(plan.root().elements().shape(), new Row(head.row, table.columns().size()), null);
        return out.toBytes();
    }

    /** Highest position of what went into the document built last, look-ups that found nothing included. */
    Position position() {
        return position;
    }

    /** What the document built last referred to, sorted, as one value for the store. */
    byte[] references() {
        var all = new ByteWriter(references.size() * 24 + 1);
        for (var reference : references) {
            all.putBlock(reference.get());
        }
        return all.toBytes();
    }

    static List<byte[]> references(byte[] stored) {
        if (stored == null) {
            return List.of();
        }
        var list = new ArrayList<byte[]>();
        for (var in = new ByteReader(stored); in.hasMore();) {
            list.add(in.getBlock());
        }
        return list;
    }

    private void object(Shape shape, Row row, Row link) {
        out.put('{');
        boolean first = true;
        for (var member : shape.members()) {
            if (!first) {
                out.put(',');
            }
            first = false;
            out.put(member.prefix());
            value(member.value(), member.fromLink() ? link : row);
        }
        out.put('}');
    }

    private void value(Shape.Value value, Row row) {
        switch (value) {
            case Shape.ColumnValue(int slot) -> CellJson.append(row, slot, out);
            case Shape.OneValue one -> {
                var found = one(one.index(), one.here(), row);
                if (found == null) {
                    out.putAscii("null");
                } else {
                    object(one.shape(), found.row(), null);
                }
            }
            case Shape.SpineArray(SpineNode node) -> spineArray(node, row);
            case Shape.LookupArray array -> lookupArray(array, row);
        }
    }

    private Lookups.Found one(LookupIndex index, int[] here, Row row) {
        var key = KeyEncoding.key(row, here, scratch);
        if (key == null) {
            return null;
        }
        refer(index, key);
        var found = lookups.one(index, key);
        if (found != null) {
            position = position.max(found.position());
        }
        return found;
    }

    private void refer(LookupIndex index, byte[] key) {
        if (references.add(Bytes.wrap(Keys.reference(index.id(), key)))) {
            position = position.max(lookups.mark(index.id(), key));
        }
    }

    private void spineArray(SpineNode node, Row parent) {
        var array = new Array(node.elements());
        var parentKey = node.isDirect() ? Stores.NONE : KeyEncoding.key(parent, node.here(), scratch);
        if (parentKey != null) {
            var prefix = Keys.entries(document.rootKey(), node.id(), parentKey);
            for (var next : document.entries(prefix)) {
                var entry = Entry.read(next.value);
                position = position.max(entry.position());
                if (entry.row() != null) {
                    array.add(Keys.from(next.key, prefix.get().length), new Row(entry.row(), node.table().columns().size()));
                }
            }
        }
        array.end();
    }

    private void lookupArray(Shape.LookupArray value, Row parent) {
        var array = new Array(value.elements());
        var key = KeyEncoding.key(parent, value.here(), scratch);
        if (key != null) {
            refer(value.index(), key);
            for (var found : lookups.all(value.index(), key)) {
                position = position.max(found.position());
                array.add(found.rowId(), found.row());
            }
        }
        array.end();
    }

    /** An array that is being written; rows are added in the order of their ids and put in their own order at the end. */
    private final class Array {

        private final Elements elements;
        private final int from = out.size();
        private final List<Piece> pieces = new ArrayList<>();

        private record Piece(byte[] order, int from, int to) {}

        Array(Elements elements) {
            this.elements = elements;
            out.put('[');
        }

        void add(byte[] rowId, Row row) {
            var related = row;
            if (elements.target() != null) {
                var found = one(elements.target().index(), elements.target().here(), row);
                if (found == null) {
                    return;
                }
                related = found.row();
            }
            if (out.size() > from + 1) {
                out.put(',');
            }
            int start = out.size();
            object(elements.shape(), related, elements.target() == null ? null : row);
            if (!elements.order().isEmpty()) {
                scratch.truncate(0);
                for (var key : elements.order()) {
                    KeyEncoding.appendOrdered(related, key.column(), key.descending(), scratch);
                }
                pieces.add(new Piece(scratch.put(rowId).toBytes(), start, out.size()));
            }
        }

        void end() {
            if (pieces.size() > 1) {
                sort();
            }
            out.put(']');
        }

        private void sort() {
            var unsorted = out.toBytes(from);
            pieces.sort((a, b) -> Arrays.compareUnsigned(a.order, b.order));
            out.truncate(from + 1);
            boolean first = true;
            for (var piece : pieces) {
                if (!first) {
                    out.put(',');
                }
                first = false;
                out.put(unsorted, piece.from - from, piece.to - piece.from);
            }
        }
    }
}
