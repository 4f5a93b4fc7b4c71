package io.millrace.denormalizer.plan;

import io.millrace.pipeline.file.Events;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Trace;
import io.millrace.values.row.Filter;
import java.util.List;

/**
 * How one pipeline is joined: made once from the pipeline file, immutable.
 *
 * @param file what it was made of
 * @param pipeline its name
 * @param trace what its spans tell
 * @param events as which kind of event others can read its documents
 * @param source the database's name
 * @param tables every table once, by {@link TablePlan#id}
 * @param spine the nodes whose rows are stored with the document they belong to, by {@link SpineNode#id}; the root first
 * @param indexes how look-up rows are found, by {@link LookupIndex#id}
 * @param document what a root row becomes
 * @param filter which root rows become documents; null for all
 * @param retaining what of a document tells how long it is kept
 * @param rootKey the root's primary key columns in the order of the key
 * @param fingerprint tells plans apart that make other documents or cannot share state stores
 */
public record Plan(
        Pipeline file,
        String pipeline,
        Trace trace,
        Events events,
        String source,
        List<TablePlan> tables,
        List<SpineNode> spine,
        List<LookupIndex> indexes,
        Shape document,
        Filter filter,
        Retaining retaining,
        List<String> rootKey,
        Fingerprint fingerprint) {

    public SpineNode root() {
        return spine.getFirst();
    }

    public TablePlan table(TableName name) {
        return tables.stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
    }
}
