package io.millrace.check;

/** How much a finding matters; the order is from harmless to worst. */
public enum Level {
    /** Worth knowing; replication goes on unharmed. */
    FINE("fine"),
    /** Replication goes on, but the shared slot has much to decode. */
    WAL("costs WAL"),
    /** Harmless only in the right order with other steps, which people have to agree on. */
    COORDINATION("needs coordination"),
    /** Documents become wrong, or replication of a table or of the source stops. */
    BREAKS("breaks");

    private final String text;

    Level(String text) {
        this.text = text;
    }

    /** In words, for a report. */
    public String text() {
        return text;
    }

    public boolean isAtLeast(Level other) {
        return compareTo(other) >= 0;
    }
}
