package io.millrace.launcher.stack;

import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.file.Target;
import java.util.ArrayList;
import java.util.List;

/** What a stack on one machine asks of pipeline files, besides what everybody asks of them. */
public final class StackRules {

    private StackRules() {}

    /**
     * @param files all that its services are to read; it reads the source of the first
     * @param secured whether everything speaks TLS and asks who comes
     * @throws InvalidPipelineException with every file that it does not take
     */
    public static void require(List<PipelineFile> files, boolean secured) {
        var problems = problems(files, secured);
        if (!problems.isEmpty()) {
            throw new InvalidPipelineException(problems);
        }
    }

    /** The same as a list, which is empty where it takes all of them. */
    public static List<Problem> problems(List<PipelineFile> files, boolean secured) {
        var problems = new ArrayList<Problem>();
        var first = files.getFirst();
        var source = first.pipeline().source().name();
        files.stream().filter(file -> !file.pipeline().source().name().equals(source)).forEach(file -> problems.add(file.problem("source.name",
                "one stack reads one source, and " + first.path() + " has the source '" + source + "'; run another stack beside it for this one, with another --data and --port-base")));
        if (secured) {
            // Nobody in its database may make tables for documents.
            files.stream().filter(file -> file.pipeline().target() == Target.POSTGRES).forEach(file -> problems.add(file.problem("target",
                    "a secured stack on one machine has no database for documents in tables; start it without --secure, in a data folder that is not secured,"
                            + " or run the services with millrace.indexer.table-url and millrace.purge.freshness.table-url of your own")));
        }
        return problems;
    }
}
