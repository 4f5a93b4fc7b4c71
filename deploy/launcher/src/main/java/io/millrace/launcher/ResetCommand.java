package io.millrace.launcher;

import io.millrace.launcher.stack.Folders;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "reset", description = "Stops everything and deletes all of its data. A database of your own is not touched.", mixinStandardHelpOptions = true)
final class ResetCommand implements Callable<Integer> {

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var output = new Output(spec.commandLine().getOut());
        DownCommand.stop(data, output);
        var folder = data.path();
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        if (!data.isOurs()) {
            throw new LocalException("Deleting " + folder + " was refused: it does not look like a data folder of Millrace (no file 'layout' with a number). Delete it yourself if that is what you want");
        }
        Folders.delete(folder);
        output.plain("Deleted " + folder);
        return 0;
    }
}
