package io.millrace.check;

import io.millrace.check.Finding.Cost;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import java.net.URI;
import java.util.List;
import java.util.Map;

/**
 * What is known of the place that the migrations are for.
 *
 * @param pipelines the pipeline files of one source
 * @param baseline what makes the schema as it is before the migrations
 * @param role the replicating role's name; null: what the pipeline files refer to, or else {@code millrace}
 * @param counts rows and bytes (or -1) of tables in production
 * @param registry the registry's core API, version 3; null: the rules are evaluated locally
 * @param massRows from how many rows on a write counts as a mass of them
 */
public record CheckRequest(List<PipelineFile> pipelines, Baseline baseline, String role, Map<TableName, Cost> counts, URI registry, long massRows) {

    /** Below this a write is no matter to a slot. */
    public static final long MASS_ROWS = 10_000;
}
