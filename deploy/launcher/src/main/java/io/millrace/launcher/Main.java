package io.millrace.launcher;

import io.millrace.local.LocalException;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.provisioner.ProvisioningException;
import java.sql.SQLException;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The command line behind {@code ./millrace}. */
@Command(name = "millrace", description = "Keeps a search index in step with a Postgres database.", mixinStandardHelpOptions = true, version = "0.1.0-SNAPSHOT",
        subcommands = {UpCommand.class, StatusCommand.class, DownCommand.class, ResetCommand.class, LogsCommand.class, DemoCommand.class,
            TraceCommand.class, ValidateCommand.class, CheckCommand.class, QuarantineCommand.class, RegionCommands.Plan.class, RegionCommands.Apply.class, RegionCommands.Destroy.class, RegionCommands.Adopt.class,
            RegionCommands.Rotate.class, ManifestsCommand.class, BenchCommand.class, HelpCommand.class},
        footer = {"", "./millrace test builds and tests everything."})
final class Main {

    private Main() {}

    public static void main(String[] args) {
        // Libraries speak of their versions and of closed connections; what matters reaches the user as an exception.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main()).setExecutionExceptionHandler(Main::explain).setCaseInsensitiveEnumValuesAllowed(true);
    }

    /** The messages of our own exceptions are written for users; a stack trace is for a fault of ours. */
    private static int explain(Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
        var err = command.getErr();
        if (failure instanceof LocalException || failure instanceof InvalidPipelineException || failure instanceof ProvisioningException
                || failure instanceof SQLException) {
            err.println(failure.getMessage());
        } else {
            failure.printStackTrace(err);
        }
        err.flush();
        return CommandLine.ExitCode.SOFTWARE;
    }
}
