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
 */
public record Source(
        @NotNull @Pattern(regexp = Pipeline.NAME, message = Pipeline.NAME_RULE) String name,
        @NotNull Reference url,
        @NotNull Reference user,
        @NotNull Reference password,
        @NotNull Recovery recovery) {

    /** What capture does when changes of a table may be missing downstream. */
    public enum Recovery {
        /** It says so and waits until somebody asks for the recovery. */
        ASK,
        /** It reads the table again by itself. */
        AUTOMATIC
    }
}
