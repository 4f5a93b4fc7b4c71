package io.millrace.denormalizer.join.retain;

import io.millrace.denormalizer.join.lookup.Found;
import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.lookup.Lookups;
import io.millrace.denormalizer.plan.Retaining.Clause;
import io.millrace.denormalizer.plan.Retaining.One;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import io.millrace.values.row.Term;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.kafka.common.utils.Bytes;

/** Tells of a root row whether its document is past its time, by the order that holds. Not thread-safe. */
public final class Retained {

    private final Orders orders;
    private final Lookups lookups;
    private final ByteWriter scratch = new ByteWriter(64);

    public Retained(Orders orders, Lookups lookups) {
        this.orders = orders;
        this.lookups = lookups;
    }

    /** @throws IllegalArgumentException when a column holds what a rule cannot be asked of */
    public boolean isOver(Row row) {
        return isOver(row, orders.holding());
    }

    /**
     * Whether the document may have been emitted otherwise by an order before, or does not refer yet to what decides about it now.
     *
     * @throws IllegalArgumentException when a column holds what a rule cannot be asked of
     */
    public boolean isOwed(Row row) {
        boolean isOver = isOver(row);
        return orders.before().stream().anyMatch(order -> isOver(row, order) != isOver || isOver && !order.told().rules().equals(orders.holding().told().rules()));
    }

    private boolean isOver(Row row, Order order) {
        for (var clause : order.clauses()) {
            if ((clause.when() == null || clause.when().accepts(row)) && isOver(row, clause, order)) {
                return true;
            }
        }
        return false;
    }

    private boolean isOver(Row row, Clause clause, Order order) {
        var stated = clause.stated();
        var stating = stated == null ? null : stated.one() == null ? row : row(stated.one(), row);
        return stating == null || stating.isNull(stated.column())
                ? Term.isOver(row, clause.column(), clause.amount(), clause.unit(), order.told().asOf())
                : Term.isOver(row, clause.column(), Term.amount(stating, stated.column()), stated.unit(), order.told().asOf());
    }

    private Row row(One one, Row root) {
        var found = found(one, root);
        return found == null || one.filter() != null && !one.filter().accepts(found.row()) ? null : found.row();
    }

    private Found found(One one, Row root) {
        var key = KeyEncoding.key(root, one.here(), scratch);
        return key == null ? null : lookups.one(Bytes.wrap(LookupKeys.reference(one.index().id(), key)), one.index(), key);
    }

    /** What beside the root row decides: a document that is past its time refers to nothing else. */
    public SortedSet<Bytes> references(Row row) {
        var references = new TreeSet<Bytes>();
        for (var clause : orders.holding().clauses()) {
            var one = clause.stated() == null ? null : clause.stated().one();
            var key = one == null ? null : KeyEncoding.key(row, one.here(), scratch);
            if (key != null) {
                references.add(Bytes.wrap(LookupKeys.reference(one.index().id(), key)));
            }
        }
        return references;
    }
}
