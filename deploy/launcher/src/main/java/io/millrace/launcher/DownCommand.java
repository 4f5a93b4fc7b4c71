package io.millrace.launcher;

import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.StackFile;
import io.millrace.launcher.stack.StackOptions;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "down", description = "Stops everything, the data stays.", mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {

    private static final long PATIENCE_SECONDS = 90;

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        stop(data, new Output(spec.commandLine().getOut()));
        return 0;
    }

    /** Through the supervisor when there is one; what a killed supervisor has left is stopped one by one. */
    static void stop(DataFolder data, Output output) throws InterruptedException {
        if (!Files.isDirectory(data.path())) {
            output.plain("Nothing has ever run on " + data.path());
            return;
        }
        var supervisor = data.supervisor();
        supervisor.ifPresent(ProcessHandle::destroy);
        if (supervisor.isPresent()) {
            try {
                supervisor.get().onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException | ExecutionException e) {
                throw new LocalException("The supervisor, process " + supervisor.get().pid() + ", did not stop within " + PATIENCE_SECONDS
                        + " s. End it with kill -9 " + supervisor.get().pid() + " and run ./millrace down again", e);
            }
        }
        int left = stopLeftovers(data.path(), output);
        output.plain(supervisor.isPresent() ? "Stopped in %.1f s".formatted(output.seconds()) : left > 0 ? "Stopped what an earlier run had left" : "Nothing was running");
        StackFile.read(data.path()).filter(stack -> stack.source() == null && stack.slots() != null).ifPresent(stack -> warnOfSlots(stack.slots(), output));
    }

    /** In the demo the slot is in the database that stops too; in a database of the user's own it holds WAL back. */
    private static void warnOfSlots(List<String> slots, Output output) {
        for (var slot : slots) {
            output.plain("The replication slot " + slot + " stays in your database and keeps its WAL until ./millrace up runs again. To give replication up:\n"
                    + "  SELECT pg_drop_replication_slot('" + slot + "');");
        }
    }

    private static int stopLeftovers(Path data, Output output) {
        var stack = new Stack(StackOptions.of(DataFolder.home(), data, List.of(), null, null, Map.of()));
        int left = 0;
        for (var stage : Stack.stopOrder()) {
            left += stopOne(stack.stage(stage), output);
        }
        for (var server : stack.servers().servers().reversed()) {
            left += stopOne(server, output);
        }
        return left;
    }

    private static int stopOne(ManagedProcess process, Output output) {
        if (process.running().isEmpty()) {
            return 0;
        }
        process.stop();
        output.line("%-12s stopped".formatted(process.name()));
        return 1;
    }
}
