package io.millrace.check;

import io.millrace.check.Finding.Cost;
import io.millrace.check.script.Migration;
import io.millrace.pipeline.file.TableName;
import java.util.List;
import java.util.Map;

/**
 * The schema before the migrations.
 *
 * @param migrations what makes it, in order
 * @param counts how many rows and bytes its tables have, where it is taken from a live database
 * @param anyOrder whether statements may come before what they need, and are tried again
 * @param description for the report
 */
public record Baseline(List<Migration> migrations, Map<TableName, Cost> counts, boolean anyOrder, String description) {

    /** An empty database. */
    public static final Baseline NOTHING = new Baseline(List.of(), Map.of(), false, "an empty database");
}
