package io.millrace.launcher;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The command line behind {@code ./millrace}. */
@Command(name = "millrace", description = "Keeps a search index in step with a Postgres database.", mixinStandardHelpOptions = true, versionProvider = Version.class)
final class Main {

    private static final String HELP = "help";
    private static final String COMPLETION = "generate-completion";
    /** In the order of help. */
    private static final List<Named> COMMANDS = List.of(
            new Named("up", UpCommand.class), new Named("status", StatusCommand.class), new Named("down", DownCommand.class), new Named("reset", ResetCommand.class), new Named("logs", LogsCommand.class), new Named("demo", DemoCommand.class),
            new Named("search", SearchCommand.class), new Named("document", DocumentCommand.class), new Named("trace", TraceCommand.class), new Named("init", InitCommand.class), new Named("validate", ValidateCommand.class),
            new Named("check", CheckCommand.class), new Named("quarantine", QuarantineCommand.class), new Named("recover", RecoverCommand.class), new Named("resnapshot", ResnapshotCommand.class), new Named("verify", VerifyCommand.class),
            new Named("erase", ErasureCommands.Erase.class), new Named("erasures", ErasureCommands.Erasures.class), new Named("unerase", ErasureCommands.Unerase.class), new Named("retention", RetentionCommand.class),
            new Named("generations", GenerationCommands.Show.class), new Named("rebuild", GenerationCommands.Rebuild.class), new Named("cutover", GenerationCommands.Cutover.class), new Named("rollback", GenerationCommands.Rollback.class),
            new Named("retire", GenerationCommands.Retire.class), new Named("plan", RegionCommands.Plan.class), new Named("apply", RegionCommands.Apply.class), new Named("destroy", RegionCommands.Destroy.class),
            new Named("adopt", RegionCommands.Adopt.class), new Named("rotate", RegionCommands.Rotate.class), new Named("manifests", ManifestsCommand.class), new Named("train", TrainCommand.class), new Named("bench", BenchCommand.class),
            new Named("images", ScriptCommands.Images.class), new Named("test", ScriptCommands.Test.class), new Named(COMPLETION, GenerateCompletion.class), new Named(HELP, HelpCommand.class));

    private Main() {}

    /** @param name as it is typed, which its annotation says too */
    private record Named(String name, Class<?> command) {}

    public static void main(String[] args) {
        // Libraries speak of their versions and of closed connections; what matters reaches the user as an exception.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(commandLine(args).execute(args));
    }

    /**
     * Knows the command that is asked for alone, since to read the options of all by reflection is half of a short command's time.
     *
     * @param words as they are typed; where none of them asks for one command, all are known
     */
    static CommandLine commandLine(String... words) {
        var asked = COMMANDS.stream().filter(one -> words.length > 0 && one.name().equals(words[0]) && !one.name().equals(HELP) && !one.name().equals(COMPLETION)).toList();
        var line = new CommandLine(new Main());
        (asked.isEmpty() ? COMMANDS : asked).forEach(one -> line.addSubcommand(one.name(), one.command()));
        var refusing = line.getParameterExceptionHandler();
        return line.setExecutionStrategy(new Bounds()).setExecutionExceptionHandler(Failures::handle).setCaseInsensitiveEnumValuesAllowed(true).setParameterExceptionHandler((refused, typed) -> refusing.handleParseException(Failures.inWords(refused), typed));
    }
}
