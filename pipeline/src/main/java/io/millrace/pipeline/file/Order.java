package io.millrace.pipeline.file;

import jakarta.validation.constraints.NotBlank;

/**
 * One key of an order. Text is ordered by code point (collation {@code "C"}), null comes last whichever the direction.
 *
 * @param column column of the related row
 * @param descending whether greater values come first
 */
public record Order(@NotBlank String column, boolean descending) {}
