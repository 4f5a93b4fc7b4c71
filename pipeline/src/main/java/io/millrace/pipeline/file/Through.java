package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;

/**
 * The link table of an N:M relation. A link row whose target does not exist contributes nothing to the array.
 *
 * @param table the link table
 * @param where which rows of the link table count; null for all
 * @param to the columns that lead from the link's row to the related row
 * @param fields values of the link's row that go into each element beside the related row's
 */
public record Through(@NotNull TableName table, @Valid Where where, @NotEmpty List<@Valid Join> to, List<@Valid Field> fields) {}
