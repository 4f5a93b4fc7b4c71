package io.millrace.denormalizer.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * The root, or rows that are reached from it through arrays only: they are stored by document. Arrays and aggregates over
 * the same rows share a node.
 *
 * <p>Complete, and no longer changed, once the {@link Planner} is done.
 */
public final class SpineNode {

    private final int id;
    private final TablePlan table;
    private final SpineNode parent;
    private final int[] here;
    private final int[] there;
    private final boolean direct;
    private final List<SpineNode> children = new ArrayList<>();

    SpineNode(int id, TablePlan table, SpineNode parent, int[] here, int[] there, boolean direct) {
        this.id = id;
        this.table = table;
        this.parent = parent;
        this.here = here;
        this.there = there;
        this.direct = direct;
    }

    /** Stands in stored keys and in messages. */
    public int id() {
        return id;
    }

    public TablePlan table() {
        return table;
    }

    public boolean isRoot() {
        return parent == null;
    }

    /** The parent row's columns that its children are found by, as slots of the parent's table. */
    public int[] here() {
        return here;
    }

    /** This row's columns that name its parent, as slots of this table, in the order of {@link #here}. */
    public int[] there() {
        return there;
    }

    /** Whether {@link #there} is the document's root key, so that a row finds its document by itself. */
    public boolean isDirect() {
        return direct;
    }

    public List<SpineNode> children() {
        return children;
    }
}
