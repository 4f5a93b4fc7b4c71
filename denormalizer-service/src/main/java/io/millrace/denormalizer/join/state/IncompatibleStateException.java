package io.millrace.denormalizer.join.state;

import io.millrace.pipeline.shape.ShapeChange;
import java.util.List;

/** The state stores were written for something else; nothing but a person's decision helps. */
public final class IncompatibleStateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<ShapeChange> changes;

    /** @param changes what is different, those that could be made in place among them */
    IncompatibleStateException(String message, List<ShapeChange> changes) {
        super(message);
        this.changes = changes;
    }

    /** What is different, those that could be made in place among them; empty where that is not known. */
    public List<ShapeChange> changes() {
        return changes;
    }
}
