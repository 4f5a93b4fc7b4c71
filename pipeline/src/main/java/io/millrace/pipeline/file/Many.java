package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;

/**
 * Any number of related rows: 1:N, or N:M through a link table. The document has an array, empty where there are none.
 *
 * @param through the link table, null for 1:N
 * @param orderBy the order of the array; ties, and an empty list, are ordered by the related row's primary key (for a
 *        relation through a link: by the link's primary key)
 */
public record Many(
        @NotBlank String name,
        @NotEmpty List<@Valid Join> on,
        @Valid Through through,
        List<@Valid Order> orderBy,
        @NotNull @Valid Node node) implements Relation {}
