package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;

/**
 * A member of a document's object.
 *
 * @param name its name in the document
 * @param value where its value comes from
 */
public record Field(@NotBlank String name, @NotNull @Valid Expression value) {}
