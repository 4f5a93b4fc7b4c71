package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A Postgres database.
 *
 * @param name names its slot, publication and topics
 * @param url JDBC URL of the primary
 * @param user the role that replicates
 * @param password its password; never a literal
 * @param recovery what is done when changes may be missing
 * @param reread what is done when rows were changed without a change in the log, by a migration that converts them or gives them a default
 * @param wal what the slot may keep of the primary's WAL; null where the file sets no limit
 * @param outbox where the application leaves its own events; null where it has none
 */
public record Source(
        @NotNull @Pattern(regexp = Pipeline.NAME, message = Pipeline.NAME_RULE) String name,
        @NotNull Reference url,
        @NotNull Reference user,
        @NotNull Reference password,
        @NotNull Recovery recovery,
        @NotNull Recovery reread,
        Wal wal,
        @Valid Outbox outbox) {

    /**
     * The application's own outbox: each row that it inserts is an event.
     *
     * @param table the table
     * @param topic the event's topic, with {@code ${routedByValue}} in the place of what the column {@code route} has
     * @param id the column that tells the event from all others
     * @param key the column with the key of its record
     * @param route the column that chooses its topic
     * @param payload the column with the value of its record
     * @param headers columns that become headers of its record, by the headers' names
     */
    public record Outbox(@NotNull TableName table, @NotNull String topic, @NotNull String id, @NotNull String key, @NotNull String route, @NotNull String payload, SortedMap<String, String> headers) {

        /** The columns that events are made of. */
        public SortedSet<String> columns() {
            var columns = new TreeSet<>(headers.values());
            columns.addAll(List.of(id, key, route, payload));
            return columns;
        }
    }

    /**
     * How much WAL the slot may keep on the primary.
     *
     * @param budget in bytes
     * @param warn the share of budget and lag, from 0 to 1, above which capture warns
     * @param lag how many bytes may have been written since the LSN that capture has confirmed, 0 where the file sets no limit
     * @param over what capture does when more than the budget is kept
     */
    public record Wal(long budget, double warn, long lag, Over over) {

        /** The share above which capture warns where the file says nothing of it. */
        public static final double WARN = 0.5;

        /** What is done above the budget. */
        public enum Over {
            /** It is said, and nothing else. */
            ALARM,
            /** The slot is given up, so that the primary may throw the WAL away; what is lost is read again. */
            GIVE_UP
        }
    }

    /** What is done when something downstream is not whole, and can be made anew from what lies before it. */
    public enum Recovery {
        /** It is said, and waits until somebody asks for the recovery. */
        ASK,
        /** It is made anew by itself. */
        AUTOMATIC
    }
}
