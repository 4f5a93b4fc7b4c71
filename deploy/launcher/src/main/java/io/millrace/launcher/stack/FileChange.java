package io.millrace.launcher.stack;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.UsedColumns;
import java.util.ArrayList;
import java.util.List;

/**
 * A file whose pipeline goes on while the file changes. What asks for other documents cannot be gone on with: the join's state, the documents'
 * topic and the index have those of the file before.
 *
 * @param before what its services have read
 * @param now the file as it is now
 */
public record FileChange(Pipeline before, PipelineFile now) {

    /** Whether there is anything to apply. */
    public boolean isAny() {
        return !before.equals(now.pipeline());
    }

    /** What stands in the way, with what to do instead; empty where the pipeline can go on with it. */
    public List<Problem> problems() {
        var after = now.pipeline();
        var problems = new ArrayList<Problem>();
        if (!before.source().name().equals(after.source().name())) {
            problems.add(now.problem("source.name", "the pipeline '" + after.name() + "' runs with the source '" + before.source().name() + "'; put that back, or give the pipeline of another source a name of its own"));
        }
        if (!before.index().name().equals(after.index().name())) {
            problems.add(now.problem("index.name", "the documents of '" + after.name() + "' go to '" + before.index().name() + "', where readers look for them; put that back, and describe the other one in a second file under a new name"));
        }
        if (before.target() != after.target()) {
            problems.add(now.problem("target", "the documents of '" + after.name() + "' go to the target " + before.target().word() + "; put that back, and describe the other one in a second file under a new name, with an index.name of its own"));
        }
        if (!before.document().equals(after.document())) {
            problems.add(now.problem("document", "the documents of '" + after.name() + "' would have another shape than those that are there, and the two must not be mixed; put it back, and " + newGeneration(after)));
        } else if (!UsedColumns.captured(before).equals(UsedColumns.captured(after))) {
            problems.add(now.problem("retention", "the rules of '" + after.name() + "' ask for columns that its join has not kept; put them back, and " + newGeneration(after)));
        }
        otherLookUps().forEach(table -> problems.add(now.problem("tables." + table + ".lookup", "the join of '" + after.name() + "' keeps the rows of " + table + " where the file before said; put that back, and " + newGeneration(after))));
        return problems;
    }

    /** The look-up tables that the join keeps otherwise than before. */
    private List<TableName> otherLookUps() {
        var after = now.pipeline();
        return after.tableNames().stream().filter(table -> before.subscribed().contains(table) != after.subscribed().contains(table)).toList();
    }

    private static String newGeneration(Pipeline pipeline) {
        return "describe the new one in a second file under a new name with 'replaces: [" + pipeline.name() + "]' and 'index: {name: " + pipeline.index().name() + "}'";
    }

    /** Whether an index that is there may have been made with something else than the file now asks of it. */
    public boolean asksForAnotherIndex() {
        return !before.index().equals(now.pipeline().index());
    }
}
