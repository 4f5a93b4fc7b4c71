package io.millrace.denormalizer.join.document;

import io.millrace.denormalizer.join.retain.Retained;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.values.row.Row;
import java.util.Collections;
import java.util.SortedSet;
import org.apache.kafka.common.utils.Bytes;

/** Which documents are to be seen. */
public final class RootFilter {

    private static final SortedSet<Bytes> NOTHING = Collections.emptyNavigableSet();

    private final Plan plan;
    private final Retained retained;

    public RootFilter(Plan plan, Retained retained) {
        this.plan = plan;
        this.retained = retained;
    }

    private interface Question {
        boolean of(Row row);
    }

    /**
     * Whether the document is there, not erased, its root row passes the filter, and its time is not over.
     *
     * @throws UndecidedException where that cannot be told, for SQL would refuse the row
     */
    public boolean accepts(Head head) throws UndecidedException {
        return isTrue(head, row -> !retained.isOver(row));
    }

    /** Whether nothing but the time is why the document is not to be seen. */
    private boolean isOver(Head head) {
        return isTrueIfAny(head, retained::isOver);
    }

    /** Whether an order about retention may have changed whether the document is to be seen, and it was not emitted since. */
    boolean isOwed(Head head) {
        return isTrueIfAny(head, retained::isOwed);
    }

    /** What a document that is not to be seen refers to nevertheless: what decides whether its time is over. */
    SortedSet<Bytes> references(Head head) {
        return isOver(head) ? retained.references(row(head)) : NOTHING;
    }

    private boolean isTrueIfAny(Head head, Question question) {
        try {
            return isTrue(head, question);
        } catch (UndecidedException e) {
            // Showing it says so.
            return false;
        }
    }

    private Row row(Head head) {
        return new Row(head.row, plan.root().table().columns().size());
    }

    private boolean isTrue(Head head, Question question) throws UndecidedException {
        if (!head.isVisible()) {
            return false;
        }
        try {
            var row = row(head);
            return (plan.filter() == null || plan.filter().accepts(row)) && question.of(row);
        } catch (IllegalArgumentException e) {
            throw new UndecidedException(e);
        }
    }

    /** It cannot be told whether a root row passes the filter. */
    public static final class UndecidedException extends Exception {

        private static final long serialVersionUID = 1L;

        UndecidedException(IllegalArgumentException cause) {
            super(cause.getMessage(), cause);
        }
    }
}
