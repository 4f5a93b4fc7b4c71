package io.millrace.pipeline.progress;

import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.Pipeline;

/** The topic through which a join sends rows to the partition of their document. */
public final class Exchange {

    private Exchange() {}

    /**
     * How many times a row can travel through it before it is in its document: once for itself, and once for each array that it
     * may have to follow. A row that a link leads to is look-up data and follows none. A look-up row that goes to subscribers takes two;
     * what is asked for on the way, the join's state tells.
     */
    public static int hops(Pipeline pipeline) {
        return Math.max(1 + depth(pipeline.document()), pipeline.subscribed().isEmpty() ? 1 : 2);
    }

    private static int depth(Node node) {
        return node.relations().stream().filter(Many.class::isInstance).map(Many.class::cast).mapToInt(many -> 1 + (many.through() == null ? depth(many.node()) : 0)).max().orElse(0);
    }
}
