package io.millrace.pipeline.file;

/** The registry's compatibility rules; the transitive ones look at every earlier version, the others at the last. */
public enum Compatibility {
    NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, FORWARD_TRANSITIVE, FULL, FULL_TRANSITIVE
}
