package io.millrace.denormalizer.join.document;

import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.lookup.Lookups;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.retain.Orders;
import io.millrace.denormalizer.join.state.Entry;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/** Takes in what changes of the documents' own rows: of root rows, and of rows of their arrays. Not thread-safe. */
public final class Documents {

    /** That are looked at for one row; beyond them it counts as shown. */
    private static final int MOST_PARENTS = 100;

    private final Plan plan;
    private final KeyValueStore<Bytes, byte[]> store;
    private final StoredDocument document;
    private final RootFilter filter;
    private final Orders orders;
    private final Floors floors;
    /** Of all documents, from the state's beginning on. */
    private final Position floor;
    private final Graves graves;
    private final Lookups lookups;
    /** Of each spine node, by its id; null for the root. */
    private final Map<Integer, SpineNode> parents = new HashMap<>();
    private final ByteWriter scratch = new ByteWriter(256);

    /**
     * @param document what {@link #truncate} is about
     * @param floor no document has a lower position
     */
    public Documents(Plan plan, KeyValueStore<Bytes, byte[]> store, StoredDocument document, RootFilter filter, Orders orders, Floors floors, Position floor, Graves graves, Lookups lookups) {
        this.plan = plan;
        this.store = store;
        this.document = document;
        this.filter = filter;
        this.orders = orders;
        this.floors = floors;
        this.floor = floor;
        this.graves = graves;
        this.lookups = lookups;
        plan.spine().forEach(parent -> parent.children().forEach(child -> parents.put(child.id(), parent)));
    }

    /** What follows for the document. */
    public enum Effect {
        /** The change is older than what is known. */
        SUPERSEDED,
        NONE,
        /** It is to be emitted, if it is to be seen. */
        SHOWN,
        /** It is to be deleted. */
        GONE
    }

    public Effect take(byte[] rootKey, Message.Root message) {
        var head = head(rootKey);
        boolean isTruncated = message.row() != null && floors.isBelow(plan.root().table(), message.position());
        if (message.position().isBefore(head.root) || isTruncated) {
            return Effect.SUPERSEDED;
        }
        if (head.row != null && loses(plan.root(), head.row, message.row())) {
            absorb(rootKey, head);
        }
        head.root = message.position();
        head.row = message.row();
        head.documentId = message.documentId();
        if (message.isNew()) {
            head.renewed = head.renewed.max(message.position());
        }
        put(rootKey, head);
        return effect(head);
    }

    private Effect effect(Head head) {
        try {
            return head.row == null || head.isVisible() && !filter.accepts(head) ? Effect.GONE : head.isVisible() ? Effect.SHOWN : Effect.NONE;
        } catch (RootFilter.UndecidedException e) {
            // Showing it says so.
            return Effect.SHOWN;
        }
    }

    public Effect take(byte[] rootKey, Message.Erase message) {
        var head = head(rootKey);
        if (message.position().isBefore(head.erased)) {
            return Effect.SUPERSEDED;
        }
        head.erased = message.position();
        head.mark = head.mark.max(message.position());
        if (head.documentId.isEmpty()) {
            head.documentId = message.documentId();
        }
        put(rootKey, head);
        return head.isVisible() ? Effect.NONE : Effect.GONE;
    }

    /** Never superseded: a replay emits the document as it is by then, with the position that it has by then. */
    public Effect take(byte[] rootKey, Message.Repair message) {
        var head = head(rootKey);
        head.mark = head.mark.max(message.position());
        if (head.documentId.isEmpty()) {
            head.documentId = message.documentId();
        }
        put(rootKey, head);
        return head.isVisible() ? effect(head) : Effect.GONE;
    }

    public Effect take(byte[] rootKey, Message.Child message) {
        var node = plan.spine().get(message.node());
        var at = DocumentKeys.entry(rootKey, node.id(), message.parentKey(), message.rowId());
        var stored = store.get(at);
        var before = stored == null ? null : Entry.read(stored);
        // At the floor as well: tables that are truncated together have one floor, which is what a row below gets from its parent.
        boolean isTruncated = message.row() != null && !floors.of(node.table()).isBefore(message.position());
        if (before != null && message.position().isBefore(before.position()) || isTruncated) {
            return Effect.SUPERSEDED;
        }
        boolean isOfTruncate = message.row() == null && floors.of(node.table()).equals(message.position());
        if (isOfTruncate && before != null && before.row() != null) {
            // The truncate's walk is still to come: it takes the row away, and would not find the document if the row were gone.
            return Effect.NONE;
        }
        graves.put(at, new Entry(message.position(), message.row()));
        boolean loses = before != null && before.row() != null && loses(node, before.row(), message.row());
        if (loses || message.row() == null) {
            var head = head(rootKey);
            if (loses) {
                absorb(rootKey, head);
            }
            if (message.row() == null) {
                head.mark = head.mark.max(message.position());
            }
            put(rootKey, head);
        }
        boolean isShown = !isOfTruncate && !(message.row() == null && isOfTruncateAbove(node, message.position()) && !isReached(rootKey, node, message.parentKey()));
        return isShown ? Effect.SHOWN : Effect.NONE;
    }

    /** Whether a removal at a position comes of a truncate of a table above the row's. */
    private boolean isOfTruncateAbove(SpineNode node, Position position) {
        for (var above = parents.get(node.id()); above != null; above = parents.get(above.id())) {
            if (floors.of(above.table()).equals(position)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether the document shows rows with this parent's join key, or may do so. A parent below its table's floor does not count: the document is owed to the walk that takes it away. One that came after the truncate does, for
     * the walk finds nothing to take away then, and nobody else emits the document without the row.
     */
    private boolean isReached(byte[] rootKey, SpineNode node, byte[] parentKey) {
        var parent = parents.get(node.id());
        if (parent.isRoot()) {
            var head = head(rootKey);
            return isThere(parent, head.root, head.row);
        }
        try (var rows = store.prefixScan(DocumentKeys.entries(rootKey, parent.id(), Stores.NONE), Stores.BYTES)) {
            for (int passed = 0; rows.hasNext(); passed++) {
                var row = Entry.read(rows.next().value);
                if (passed == MOST_PARENTS || isThere(parent, row.position(), row.row()) && Arrays.equals(parentKey, key(parent, row.row(), node))) {
                    return true;
                }
            }
        }
        return false;
    }

    private boolean isThere(SpineNode node, Position position, byte[] row) {
        return row != null && !floors.isBelow(node.table(), position);
    }

    /**
     * Takes away the rows of the document that was read last that truncates took away.
     *
     * @param truncated by the tables
     */
    public Effect truncate(Map<TablePlan, Truncated> truncated) {
        var rootKey = document.rootKey();
        var head = document.head();
        var ofRoot = truncated.get(plan.root().table());
        if (ofRoot != null && ofRoot.took(head.root, head.row != null)) {
            truncateEntries(rootKey, head, truncated);
            return take(rootKey, new Message.Root(ofRoot.last(), true, head.documentId, null));
        }
        boolean isOther = truncateEntries(rootKey, head, truncated);
        return isOther || refersTo(truncated) ? Effect.SHOWN : Effect.NONE;
    }

    private boolean truncateEntries(byte[] rootKey, Head head, Map<TablePlan, Truncated> truncated) {
        boolean isOther = false;
        boolean loses = false;
        for (var next : document.entries(DocumentKeys.entries(rootKey))) {
            var node = plan.spine().get(DocumentKeys.nodeOf(next.key, rootKey));
            var ofTable = truncated.get(node.table());
            var entry = ofTable == null ? null : Entry.read(next.value);
            if (entry == null || !ofTable.took(entry.position(), entry.row() != null)) {
                continue;
            }
            isOther = true;
            loses |= entry.row() != null && loses(node, entry.row(), null);
            graves.put(next.key, new Entry(ofTable.last(), null));
            head.mark = head.mark.max(ofTable.last());
        }
        if (loses) {
            absorbRead(head);
        }
        if (isOther) {
            put(rootKey, head);
        }
        return isOther;
    }

    /** Whether a look-up of the document led to a row that was truncated: from there its position is in the look-up's mark. */
    private boolean refersTo(Map<TablePlan, Truncated> truncated) {
        for (var reference : document.references()) {
            var index = plan.indexes().get(LookupKeys.indexOf(reference.get()));
            var ofTable = truncated.get(index.table());
            var mark = ofTable == null ? null : lookups.mark(reference, index, LookupKeys.keyOf(reference.get()));
            if (mark != null && ofTable.hasRaised(mark)) {
                return true;
            }
        }
        return false;
    }

    /** Whether rows below this one are no longer reached from it, before they are told to leave. */
    private boolean loses(SpineNode node, byte[] old, byte[] row) {
        for (var child : node.children()) {
            if (!child.isDirect() && (row == null || !Arrays.equals(key(node, old, child), key(node, row, child)))) {
                return true;
            }
        }
        return false;
    }

    private byte[] key(SpineNode node, byte[] row, SpineNode child) {
        return KeyEncoding.key(new Row(row, node.table().columns().size()), child.here(), scratch);
    }

    /** Takes the position of every row of the document's arrays into the mark. */
    private void absorb(byte[] rootKey, Head head) {
        document.read(rootKey);
        absorbRead(head);
    }

    /** As {@link #absorb}, for the document that was read last. */
    public void absorbRead(Head head) {
        for (var entry : document.entries(DocumentKeys.entries(document.rootKey()))) {
            head.mark = head.mark.max(Entry.read(entry.value).position());
        }
    }

    /** What an order about retention means for the document that was read last. */
    public Effect retain() {
        return filter.isOwed(document.head()) ? effect(document.head()) : Effect.NONE;
    }

    /**
     * Takes the position of what decided that the document's time is over into its mark.
     *
     * @return the references to that; none where it is not over
     */
    public SortedSet<Bytes> decided(Head head) {
        var references = filter.references(head);
        for (var reference : references) {
            head.mark = head.mark.max(lookups.behind(reference, plan.indexes().get(LookupKeys.indexOf(reference.get()))));
        }
        return references;
    }

    /** Whether a look-up may have ended the time of the document that was read last: it is past it, and a look-up decides that too. */
    public boolean mayHaveEnded() {
        return !filter.references(document.head()).isEmpty();
    }

    /**
     * The position that a document has without its rows and look-ups. No truncate and no order about retention that is known is above it: their walks come to the document at any time, after a crash perhaps at another than before.
     */
    public Position least(Head head) {
        return head.mark.max(head.root).max(floors.highest()).max(orders.position()).max(floor);
    }

    private Head head(byte[] rootKey) {
        return Head.read(store.get(DocumentKeys.head(rootKey)));
    }

    public void put(byte[] rootKey, Head head) {
        store.put(DocumentKeys.head(rootKey), head.toBytes());
    }
}
