package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "logs", description = "Shows the log of one process.", mixinStandardHelpOptions = true)
final class LogsCommand implements Callable<Integer> {

    private static final long FOLLOW_MILLIS = 200;

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "STAGE", description = "capture, gate, denormalizer, indexer, purge, console; or postgres, kafka, registry, search, supervisor, build, test.")
    private String name;
    @Option(names = "-f", description = "Go on with what is appended, until Ctrl-C.")
    private boolean follow;
    @Within(of = "how many lines", from = 0)
    @Option(names = "-n", paramLabel = "LINES", defaultValue = "100", description = "How many of the last lines. Default: ${DEFAULT-VALUE}.")
    private int lines;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var folder = data.path().resolve("logs");
        var log = folder.resolve(name + ".log");
        if (!Files.exists(log)) {
            throw new LocalException("There is no log of '" + name + "' in " + folder + ". Logs there: " + logs(folder));
        }
        var output = new Output(spec.commandLine().getOut());
        try (var follower = new LogFollower(log)) {
            follower.skipToLast(lines);
            follower.print(output);
            while (follow) {
                Thread.sleep(FOLLOW_MILLIS);
                follower.print(output);
            }
        }
        return 0;
    }

    private static String logs(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return "none";
        }
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".log")).map(f -> f.substring(0, f.length() - 4)).sorted().collect(Collectors.joining(", "));
        }
    }
}
