package io.millrace.pipeline.file;

import jakarta.validation.constraints.NotBlank;

/**
 * Two columns that must be equal; null equals nothing.
 *
 * @param here column of the row that the relation belongs to (for {@link Through#to}: of the link's row)
 * @param there column of the related row (for a relation through a link: of the link's row)
 */
public record Join(@NotBlank String here, @NotBlank String there) {}
