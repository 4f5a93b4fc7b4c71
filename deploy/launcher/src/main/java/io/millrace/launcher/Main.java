package io.millrace.launcher;

import io.millrace.local.LocalException;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;
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
            RegionCommands.Rotate.class, ManifestsCommand.class, TrainCommand.class, BenchCommand.class, GenerateCompletion.class, HelpCommand.class},
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
        } else if (failure instanceof IOException || failure instanceof UncheckedIOException) {
            err.println(ofFiles(failure instanceof UncheckedIOException unchecked ? unchecked.getCause() : (IOException) failure));
        } else {
            err.println(ofOurs(failure));
        }
        err.flush();
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static String ofFiles(IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing -> "There is no file " + missing.getFile();
            case FileSystemException file -> file.getFile() + ": " + (file.getReason() == null ? file.getClass().getSimpleName() : file.getReason());
            default -> String.valueOf(failure.getMessage());
        };
    }

    /** A stack trace helps whoever mends it, and hides the sentence from everybody else: it goes into a file. */
    private static String ofOurs(Exception failure) {
        var said = "This is a fault of Millrace itself: " + failure;
        try {
            var file = Files.createTempFile("millrace-fault-", ".txt");
            try (var out = new PrintWriter(Files.newBufferedWriter(file))) {
                failure.printStackTrace(out);
            }
            return said + "\nWhere it happened stands in " + file;
        } catch (IOException e) {
            return said + "\n  at " + failure.getStackTrace()[0];
        }
    }
}
