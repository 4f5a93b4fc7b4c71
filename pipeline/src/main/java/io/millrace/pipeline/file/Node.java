package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import java.util.List;

/**
 * An object of the document: a row's fields and what is related to the row.
 *
 * @param table where the row is
 * @param where which rows of the table count; null for all
 * @param fields what is taken from the row, under which names
 * @param relations what hangs below it; names are unique among fields and relations
 */
public record Node(@NotNull TableName table, @Valid Where where, List<@Valid Field> fields, List<@Valid Relation> relations) {}
