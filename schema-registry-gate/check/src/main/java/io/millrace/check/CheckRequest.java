package io.millrace.check;

import io.millrace.check.Finding.Cost;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.http.HttpAccess;
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
 * @param registry whose rules count; null: the rules are evaluated locally
 * @param massRows from how many rows on a write counts as a mass of them
 */
public record CheckRequest(List<PipelineFile> pipelines, Baseline baseline, String role, Map<TableName, Cost> counts, Registry registry, long massRows) {

    /** Below this a write is no matter to a slot. */
    public static final long MASS_ROWS = 10_000;

    /**
     * @param url the registry's core API, version 3
     * @param access as whom it is asked, and whom to believe
     */
    public record Registry(URI url, HttpAccess access) {}
}
