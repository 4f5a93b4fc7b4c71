package io.millrace.denormalizer.join;

/** Names of the topology's sinks. */
final class Sinks {

    static final String EXCHANGE = "to-exchange";
    static final String DOCUMENTS = "to-documents";
    static final String STATE = "to-state";
    static final String QUARANTINE = "to-quarantine";

    private Sinks() {}
}
