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
 */
public record Source(
        @NotNull @Pattern(regexp = Pipeline.NAME, message = Pipeline.NAME_RULE) String name,
        @NotNull Reference url,
        @NotNull Reference user,
        @NotNull Reference password) {}
