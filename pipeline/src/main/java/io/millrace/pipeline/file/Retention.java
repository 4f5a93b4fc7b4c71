package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotEmpty;
import java.util.List;

/**
 * When documents leave the index by time alone; their rows stay in the source.
 *
 * @param rules a document leaves when the time of one of them is over
 * @param hold the share, 0 to 1, of the documents in view of which more may leave at once only when a person confirms it
 */
public record Retention(@NotEmpty List<@Valid RetentionRule> rules, double hold) {}
