package io.millrace.pipeline.file;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;

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
 */
public record Source(
        @NotNull @Pattern(regexp = Pipeline.NAME, message = Pipeline.NAME_RULE) String name,
        @NotNull Reference url,
        @NotNull Reference user,
        @NotNull Reference password,
        @NotNull Recovery recovery,
        @NotNull Recovery reread,
        Wal wal) {

    /**
     * How much WAL the slot may keep on the primary.
     *
     * @param budget in bytes
     * @param over what capture does when it is more
     */
    public record Wal(long budget, Over over) {

        /** What is done above the budget. */
        public enum Over {
            /** It is said, and nothing else. */
            ALARM,
            /** The slot is given up, so that the primary may throw the WAL away; what is lost is read again. */
            GIVE_UP
        }
    }

    /** What capture does when a table is not whole downstream. */
    public enum Recovery {
        /** It says so and waits until somebody asks for the recovery. */
        ASK,
        /** It reads the table again by itself. */
        AUTOMATIC
    }
}
