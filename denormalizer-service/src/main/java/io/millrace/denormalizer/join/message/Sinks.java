package io.millrace.denormalizer.join.message;

/** Names of the topology's sinks. */
public final class Sinks {

    public static final String EXCHANGE = "to-exchange";
    public static final String DOCUMENTS = "to-documents";
    public static final String STATE = "to-state";
    public static final String QUARANTINE = "to-quarantine";

    private Sinks() {}
}
