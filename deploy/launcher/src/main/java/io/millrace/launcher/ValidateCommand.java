package io.millrace.launcher;

import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.wording.Counted;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "validate", description = "Reads pipeline files and says everything that is wrong with them. Exit code 1 when something is.", mixinStandardHelpOptions = true)
final class ValidateCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Pipeline files, or folders of them. Files given together are checked against each other.")
    private List<Path> files;

    @Override
    public Integer call() {
        var out = spec.commandLine().getOut();
        try {
            for (var file : PipelineFiles.loadNamed(files)) {
                var pipeline = file.pipeline();
                out.printf("%s: pipeline %s is fine: %s of source %s, index %s%n", file.path(), pipeline.name(), Counted.of(pipeline.tableNames().size(), "table"),
                        pipeline.source().name(), pipeline.index().name());
            }
            out.flush();
            return 0;
        } catch (InvalidPipelineException e) {
            e.problems().forEach(out::println);
            out.println(e.problems().size() == 1 ? "1 problem" : e.problems().size() + " problems");
            out.flush();
            return 1;
        }
    }
}
