package io.millrace.check.rehearsal;

import java.util.Map;

/** What replication sees, in the order of the log. Values are as Postgres prints them, null for NULL. */
sealed interface Change {

    /** A statement of a migration begins. */
    record Mark(int statement) implements Change {}

    /** A row came, or a row of the same key got these values. */
    record Row(long table, Map<String, String> values) implements Change {}

    /**
     * A row was changed.
     *
     * @param old what is told of the row as it was; null where its key stays
     * @param values without those that are large and stay as they were
     */
    record Update(long table, Map<String, String> old, Map<String, String> values) implements Change {}

    record Delete(long table, Map<String, String> old) implements Change {}

    record Truncate(long table) implements Change {}
}
