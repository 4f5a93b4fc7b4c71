package io.millrace.launcher;

import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The command line behind {@code ./millrace}. */
@Command(name = "millrace", description = "Keeps a search index in step with a Postgres database.", mixinStandardHelpOptions = true, versionProvider = Version.class,
        subcommands = {UpCommand.class, StatusCommand.class, DownCommand.class, ResetCommand.class, LogsCommand.class, DemoCommand.class,
            SearchCommand.class, DocumentCommand.class, TraceCommand.class, InitCommand.class, ValidateCommand.class, CheckCommand.class, QuarantineCommand.class, RecoverCommand.class, ResnapshotCommand.class, VerifyCommand.class, ErasureCommands.Erase.class, ErasureCommands.Erasures.class, ErasureCommands.Unerase.class, RetentionCommand.class, GenerationCommands.Show.class, GenerationCommands.Rebuild.class, GenerationCommands.Cutover.class, GenerationCommands.Rollback.class, GenerationCommands.Retire.class, RegionCommands.Plan.class, RegionCommands.Apply.class, RegionCommands.Destroy.class, RegionCommands.Adopt.class,
            RegionCommands.Rotate.class, ManifestsCommand.class, TrainCommand.class, BenchCommand.class, ScriptCommands.Images.class, ScriptCommands.Test.class, GenerateCompletion.class, HelpCommand.class})
final class Main {

    private Main() {}

    public static void main(String[] args) {
        // Libraries speak of their versions and of closed connections; what matters reaches the user as an exception.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main()).setExecutionExceptionHandler(Failures::explain).setCaseInsensitiveEnumValuesAllowed(true);
    }
}
