package io.millrace.denormalizer.join.document;

import io.millrace.denormalizer.plan.Plan;
import io.millrace.values.row.Row;

/** Which documents are to be seen. */
public final class RootFilter {

    private final Plan plan;

    public RootFilter(Plan plan) {
        this.plan = plan;
    }

    /**
     * Whether the document is there, not erased, and its root row passes the filter.
     *
     * @throws UndecidedException where that cannot be told, for SQL would refuse the row
     */
    public boolean accepts(Head head) throws UndecidedException {
        if (!head.isVisible() || plan.filter() == null) {
            return head.isVisible();
        }
        try {
            return plan.filter().accepts(new Row(head.row, plan.root().table().columns().size()));
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
