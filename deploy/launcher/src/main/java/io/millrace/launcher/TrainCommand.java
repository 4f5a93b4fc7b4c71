package io.millrace.launcher;

import io.millrace.launcher.stack.Folders;
import io.millrace.launcher.stack.StackOptions;
import io.millrace.launcher.stack.StackTraining;
import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a build leaves makes a service start sooner; this makes it get up to speed sooner as well, for whoever starts one build often. */
@Command(name = "train", description = "Runs the demo once, small, on ports and data of its own, and keeps what the services loaded and ran as their AOT caches, until they are built again. Takes some minutes on a small machine; every later start takes less processor time.", mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Within(of = "the first port", from = 1, to = StackOptions.LAST_BASE)
    @Option(names = "--port-base", paramLabel = "N", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        var output = new Output(spec.commandLine().getOut());
        var data = DataFolder.home().resolve("deploy").resolve("launcher").resolve("target").resolve("training");
        Folders.delete(data);
        new StackTraining(DataFolder.home(), data, portBase, output).run();
        Folders.delete(data);
        output.line("The services are trained; every start from now on takes what they left");
        return 0;
    }
}
