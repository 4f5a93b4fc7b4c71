package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;

/**
 * At most one related row: N:1 or 1:1. {@code there} columns are a primary key or unique. The document has an object, or
 * null where there is no such row.
 */
public record One(@NotBlank String name, @NotEmpty List<@Valid Join> on, @NotNull @Valid Node node) implements Relation {}
