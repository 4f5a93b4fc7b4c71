package io.millrace.launcher;

import io.millrace.launcher.stack.StackFile;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs {@code up} in a process that outlives this one, and shows its output until it is ready. */
final class Background {

    private final DataFolder data;
    private final Output output;

    Background(DataFolder data, Output output) {
        this.data = data;
        this.output = output;
    }

    /** @return the exit code: 0 once documents can be searched */
    int start(List<String> arguments) throws IOException, InterruptedException {
        // Before the log of the one that runs is replaced.
        data.requireStopped();
        var log = data.path().resolve("logs").resolve("supervisor.log");
        Files.createDirectories(log.getParent());
        Files.deleteIfExists(log);
        var child = new ProcessBuilder(command(arguments)).redirectErrorStream(true).redirectOutput(log.toFile()).redirectInput(Path.of("/dev/null").toFile()).start();
        try (var follower = new LogFollower(log)) {
            while (child.isAlive() && !isReady(child.pid())) {
                follower.print(output);
                child.waitFor(200, TimeUnit.MILLISECONDS);
            }
            follower.print(output);
        }
        if (!child.isAlive()) {
            return child.exitValue() == 0 ? 1 : child.exitValue();
        }
        output.plain("It goes on in the background, process " + child.pid() + ", log " + log + ". Stop it with " + data.command("down"));
        return 0;
    }

    private boolean isReady(long pid) {
        return StackFile.read(data.path()).filter(s -> s.supervisor() == pid && s.state().equals("ready")).isPresent();
    }

    private static List<String> command(List<String> arguments) {
        var command = new ArrayList<String>();
        // A session of its own: closing the terminal must not end it.
        command.add("setsid");
        command.add(ProcessHandle.current().info().command().orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        arguments.stream().filter(a -> !a.equals("--detach")).forEach(command::add);
        return command;
    }
}
