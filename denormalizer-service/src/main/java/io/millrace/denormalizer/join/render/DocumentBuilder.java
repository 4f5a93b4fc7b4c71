package io.millrace.denormalizer.join.render;

import io.millrace.denormalizer.join.document.DocumentKeys;
import io.millrace.denormalizer.join.document.Head;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.lookup.Found;
import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.lookup.Lookups;
import io.millrace.denormalizer.join.state.Entry;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Elements;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Shape;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.Aggregation;
import io.millrace.values.row.CellJson;
import io.millrace.values.row.Formula;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.apache.kafka.common.utils.Bytes;

/**
 * Renders one document after the other; after each it knows what the document referred to, its highest position, and
 * which references have no answer yet. With one of those, what was rendered is no document.
 */
public final class DocumentBuilder {

    private final Plan plan;
    private final StoredDocument document;
    private final Lookups lookups;
    private final ByteWriter out = new ByteWriter(4096);
    private final ByteWriter scratch = new ByteWriter(256);
    private final ByteReader cell = new ByteReader();
    private final TreeSet<Bytes> references = new TreeSet<>();
    private final SequencedSet<Bytes> unanswered = new LinkedHashSet<>();
    private Position position;
    private boolean isChanged;

    public DocumentBuilder(Plan plan, StoredDocument document, Lookups lookups) {
        this.plan = plan;
        this.document = document;
        this.lookups = lookups;
    }

    /**
     * Renders the document that was read last.
     *
     * @param least position that it has in any case
     * @throws IllegalArgumentException when JSON cannot hold a value, or SQL would refuse one
     */
    byte[] build(Head head, Position least) {
        position = least;
        isChanged = false;
        references.clear();
        unanswered.clear();
        out.truncate(0);
        var table = plan.root().table();
        object(plan.document(), new Row(head.row, table.columns().size()), null);
        return out.toBytes();
    }

    /** Highest position of what went into the document built last, look-ups that found nothing included. */
    Position position() {
        return position;
    }

    /** Of what the document built last referred to, that of which it is not known yet what it leads to; in the order in which it was met. */
    SequencedSet<Bytes> unanswered() {
        return unanswered;
    }

    /** Whether the document built last has an object whose members are others than documents may have been emitted with. */
    boolean isChanged() {
        return isChanged;
    }

    /** What the document built last referred to. */
    SortedSet<Bytes> references() {
        return references;
    }

    private void object(Shape shape, Row row, Row link) {
        isChanged |= shape.isChanged();
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
            case Shape.Computed(Formula formula) -> computed(formula, row);
            case Shape.OneValue one -> {
                var found = one(one.index(), one.here(), row);
                if (found == null || one.filter() != null && !one.filter().accepts(found.row())) {
                    out.putAscii("null");
                } else if (one.formula() != null) {
                    computed(one.formula(), found.row());
                } else {
                    object(one.shape(), found.row(), null);
                }
            }
            case Shape.OwnValue(SpineNode node, Formula formula) -> own(node, formula, row);
            case Shape.SpineArray(SpineNode node, Elements elements) -> spineArray(node, elements, row);
            case Shape.LookupArray array -> lookupArray(array, row);
        }
    }

    private Found one(LookupIndex index, int[] here, Row row) {
        var key = KeyEncoding.key(row, here, scratch);
        if (key == null) {
            return null;
        }
        var reference = refer(index, key);
        var found = reference == null ? null : lookups.one(reference, index, key);
        if (found != null) {
            position = position.max(found.position());
        }
        return found;
    }

    /** Null where it is not known yet what the reference leads to. */
    private Bytes refer(LookupIndex index, byte[] key) {
        var reference = Bytes.wrap(LookupKeys.reference(index.id(), key));
        if (references.add(reference)) {
            var mark = lookups.mark(reference, index, key);
            if (mark == null) {
                unanswered.add(reference);
                return null;
            }
            position = position.max(mark);
            return reference;
        }
        return !unanswered.isEmpty() && unanswered.contains(reference) ? null : reference;
    }

    private void computed(Formula formula, Row row) {
        CellJson.append(cell(formula, row), out);
    }

    /** The formula's value, as long as {@code scratch} is not written to. */
    private ByteReader cell(Formula formula, Row row) {
        scratch.truncate(0);
        formula.append(row, scratch);
        return cell.reset(scratch.array(), 0, scratch.size());
    }

    private void own(SpineNode node, Formula formula, Row parent) {
        int from = out.size();
        forEach(node, parent, (id, row) -> computed(formula, row));
        if (out.size() == from) {
            out.putAscii("null");
        }
    }

    private void spineArray(SpineNode node, Elements elements, Row parent) {
        var array = new Array(elements, node);
        forEach(node, parent, array::add);
        array.end();
    }

    /** Every row of the document that hangs below a row, in the order of the ids; each counts for the position. */
    private void forEach(SpineNode node, Row parent, BiConsumer<byte[], Row> action) {
        var parentKey = node.isDirect() ? Stores.NONE : KeyEncoding.key(parent, node.here(), scratch);
        if (parentKey == null) {
            return;
        }
        var prefix = DocumentKeys.entries(document.rootKey(), node.id(), parentKey);
        for (var next : document.entries(prefix)) {
            var entry = Entry.read(next.value);
            position = position.max(entry.position());
            if (entry.row() != null) {
                action.accept(Kind.from(next.key, prefix.get().length), new Row(entry.row(), node.table().columns().size()));
            }
        }
    }

    /**
     * A row that is not shown: what hangs below it keeps counting for the position, which would go backwards if it were
     * forgotten while the row is out of view.
     */
    private void hide(SpineNode node, Row row) {
        for (var child : node.children()) {
            forEach(child, row, (id, below) -> hide(child, below));
        }
    }

    private void lookupArray(Shape.LookupArray value, Row parent) {
        var array = new Array(value.elements(), null);
        var key = KeyEncoding.key(parent, value.here(), scratch);
        if (key != null) {
            var reference = refer(value.index(), key);
            for (var found : reference == null ? List.<Found>of() : lookups.all(reference, value.index(), key)) {
                position = position.max(found.position());
                array.add(found.rowId(), found.row());
            }
        }
        array.end();
    }

    /** An array, or an aggregate, that is being written; rows are added in the order of their ids. */
    private final class Array {

        private final Elements elements;
        /** Where the rows are stored with the document; null for look-up rows. */
        private final SpineNode node;
        private final List<Candidate> candidates;
        private final Set<Bytes> seen;
        private final Aggregation aggregation;
        private int count;

        /** A row that waits for its place in the order. */
        private record Candidate(byte[] order, Row row, Row related) {}

        Array(Elements elements, SpineNode node) {
            this.elements = elements;
            this.node = node;
            candidates = elements.order().isEmpty() ? null : new ArrayList<>();
            seen = elements.distinct() ? new HashSet<>() : null;
            aggregation = elements.content() instanceof Elements.Aggregate(var function, var formula) ? new Aggregation(function) : null;
            if (aggregation == null) {
                out.put('[');
            }
        }

        void add(byte[] rowId, Row row) {
            var related = related(row);
            if (related == null) {
                drop(row);
            } else if (candidates == null) {
                element(row, related);
            } else {
                candidates.add(new Candidate(order(related, rowId), row, related));
            }
        }

        /** The row whose columns are shown; null where the row does not count. */
        private Row related(Row row) {
            if (elements.filter() != null && !elements.filter().accepts(row)) {
                return null;
            }
            var target = elements.target();
            if (target == null) {
                return row;
            }
            var found = one(target.index(), target.here(), row);
            return found == null || target.filter() != null && !target.filter().accepts(found.row()) ? null : found.row();
        }

        private byte[] order(Row related, byte[] rowId) {
            scratch.truncate(0);
            for (var key : elements.order()) {
                KeyEncoding.appendOrdered(related, key.column(), key.descending(), scratch);
            }
            return scratch.put(rowId).toBytes();
        }

        private void element(Row row, Row related) {
            if (count == elements.limit()) {
                drop(row);
                return;
            }
            int from = out.size();
            if (count > 0 && aggregation == null) {
                out.put(',');
            }
            int start = out.size();
            switch (elements.content()) {
                case Elements.Objects(Shape shape) -> object(shape, related, elements.target() == null ? null : row);
                case Elements.Values(Formula formula) -> computed(formula, related);
                case Elements.Aggregate(var function, Formula formula) -> {
                    if (formula == null) {
                        aggregation.add();
                    } else {
                        aggregation.add(cell(formula, related));
                    }
                }
            }
            if (seen != null && !seen.add(Bytes.wrap(out.toBytes(start)))) {
                out.truncate(from);
            } else {
                count++;
            }
        }

        private void drop(Row row) {
            if (node != null && elements.content() instanceof Elements.Objects) {
                hide(node, row);
            }
        }

        void end() {
            if (candidates != null) {
                candidates.sort((a, b) -> Arrays.compareUnsigned(a.order, b.order));
                candidates.forEach(c -> element(c.row, c.related));
            }
            if (aggregation == null) {
                out.put(']');
            } else {
                aggregation.end(out);
            }
        }
    }
}
