package io.millrace.check.rule;

import io.millrace.check.Finding.Cost;
import io.millrace.check.catalog.Table;
import io.millrace.check.compatibility.Judge;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.RowForm;
import io.millrace.pipeline.file.TableName;
import java.util.List;
import java.util.Map;

/**
 * What the rules must know beside the catalog.
 *
 * @param source the source's name
 * @param files its pipelines
 * @param uses where they use what
 * @param judge who knows the registry's rules
 * @param counts how many rows, and bytes or -1, tables have in production; a table that is not in it is not known
 * @param massRows from how many rows on a write counts as a mass of them
 */
public record Context(String source, List<PipelineFile> files, Uses uses, Judge judge, Map<TableName, Cost> counts, long massRows) {

    /** In which form the rows of a table go. */
    RowForm form(TableName table) {
        return files.stream().map(file -> file.pipeline().settings(table).form()).filter(form -> !form.isAsItIs()).findFirst().orElse(RowForm.AS_IT_IS);
    }

    /** What is known of tables together. */
    Cost count(List<Table> tables) {
        long rows = 0;
        long bytes = 0;
        for (var table : tables) {
            var count = counts.getOrDefault(table.name(), new Cost(-1, -1));
            if (count.rows() < 0) {
                return new Cost(-1, -1);
            }
            rows += count.rows();
            bytes = count.bytes() < 0 || bytes < 0 ? -1 : bytes + count.bytes();
        }
        return new Cost(rows, bytes);
    }

    /** Whether so many rows are worth a word; an unknown number is. */
    boolean isMass(Cost cost) {
        return cost.rows() < 0 || cost.rows() >= massRows;
    }
}
