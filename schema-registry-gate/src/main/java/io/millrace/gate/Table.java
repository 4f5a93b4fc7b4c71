package io.millrace.gate;

import io.millrace.pipeline.topic.Topics;

/**
 * A replicated table as the gate knows it: by what its topics' names have in common.
 *
 * @param name {@code source.schema.table}, escaped as in topic names
 */
public record Table(String name) implements Comparable<Table> {

    /** The table whose captured rows a topic holds. */
    public static Table ofCaptured(String topic) {
        return new Table(topic.substring(Topics.CAPTURED.length()));
    }

    /** The table whose parked rows a topic holds. */
    public static Table ofQuarantine(String topic) {
        return new Table(topic.substring(Topics.QUARANTINE.length()));
    }

    public String captured() {
        return Topics.CAPTURED + name;
    }

    public String rows() {
        return Topics.ROWS + name;
    }

    public String quarantine() {
        return Topics.QUARANTINE + name;
    }

    @Override
    public int compareTo(Table other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
