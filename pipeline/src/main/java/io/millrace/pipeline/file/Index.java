package io.millrace.pipeline.file;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Where documents are searched.
 *
 * @param name the alias that readers use; each generation behind it has an index {@code <name>-<six digits>}
 * @param shards primary shards of each generation
 * @param replicas copies of each shard
 * @param refresh how long a written document may stay invisible to searches; short costs indexing throughput
 * @param nested relations, by their path in the document, that are mapped as {@code nested}, so that a query can ask
 *        for two members of the same element
 * @param mappings by path in the document, the search engine's own field mapping that replaces the derived one
 * @param templates the search engine's own dynamic templates, for what is inside of values whose mapping is {@code dynamic}
 * @param settings the search engine's own index settings, added as they are
 */
public record Index(
        @NotNull @Pattern(regexp = "[a-z0-9][a-z0-9._-]{0,99}", message = "must be lower-case letters, digits, dots, underscores and hyphens, and at most 100 long") String name,
        @Min(1) @Max(1024) int shards,
        @Min(0) @Max(10) int replicas,
        @NotNull Duration refresh,
        List<String> nested,
        Map<String, Map<String, Object>> mappings,
        List<Map<String, Object>> templates,
        Map<String, Object> settings) {}
