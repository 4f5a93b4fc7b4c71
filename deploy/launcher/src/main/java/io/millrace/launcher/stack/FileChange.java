package io.millrace.launcher.stack;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.shape.ShapeChange;
import io.millrace.pipeline.shape.ShapeComparison;
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
        shapes().stream().filter(ShapeChange.Other.class::isInstance)
                .forEach(change -> problems.add(now.problem(change.at(), change.says() + ". " + ShapeChange.advice(after.name(), after.index().name()))));
        return problems;
    }

    /** What the documents that are there get or lose, as far as that is done in place. */
    public List<Problem> inPlace() {
        return shapes().stream().filter(ShapeChange::isInPlace).map(change -> now.problem(change.at(), change.says())).toList();
    }

    /** Whether a field that is gone was added since the join was built, only the join knows: the provisioner asks. */
    private List<ShapeChange> shapes() {
        var shape = ShapeComparison.ofFile(before);
        return ShapeComparison.between(shape, shape, now.pipeline());
    }

    /** Whether an index that is there may have been made with something else than the file now asks of it. */
    public boolean asksForAnotherIndex() {
        return !before.index().equals(now.pipeline().index());
    }
}
