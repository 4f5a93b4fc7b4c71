package io.millrace.purge.source;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.Response.Status;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/** The pipelines that this service serves. Immutable. */
@ApplicationScoped
public class Pipelines {

    private final List<Pipeline> all;

    Pipelines(PurgeConfig config) {
        this.all = PipelineFiles.load(config.pipelines()).stream().map(PipelineFile::pipeline).toList();
    }

    public List<Pipeline> all() {
        return all;
    }

    public List<String> names() {
        return all.stream().map(Pipeline::name).sorted().toList();
    }

    /**
     * The pipeline of that name.
     *
     * @param attempted what is wanted of it, for the message
     * @throws ProblemException when there is none
     */
    public Pipeline named(String name, String attempted) {
        return all.stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow(() -> unknown(attempted, "the pipeline '" + name + "'"));
    }

    /** That a name is none of a pipeline. */
    public ProblemException unknown(String attempted, String on) {
        return new ProblemException(Problem.of(Status.NOT_FOUND, attempted, on, "there is no such pipeline; known are " + String.join(", ", names()),
                "name one of these, or add the pipeline's file to millrace.purge.pipelines", names()));
    }

    /** The pipeline of that name and its later generations, which callers may still ask for by the name that they know; none where the name is unknown. */
    public List<String> generations(String name) {
        return all.stream().filter(p -> p.name().equals(name) || p.replaces().contains(name)).sorted((a, b) -> a.name().equals(name) ? -1 : b.name().equals(name) ? 1 : 0).map(Pipeline::name).toList();
    }

    /**
     * The names under which what is erased for a pipeline is ordered, its own first: those that the generations of its index have, and those that they replace, also where only a third one relates two of them. Each of
     * them then knows of the erasure by its own name, whichever files come and go.
     */
    public SequencedSet<String> lineage(String name) {
        var names = new LinkedHashSet<>(List.of(name));
        int known;
        do {
            known = names.size();
            all.stream().map(pipeline -> pipeline.generations(all)).filter(related -> !Collections.disjoint(related, names)).forEach(names::addAll);
        } while (names.size() > known);
        return names;
    }
}
