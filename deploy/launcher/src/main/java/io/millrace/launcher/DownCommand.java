package io.millrace.launcher;

import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.StackFile;
import io.millrace.launcher.stack.StackOptions;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "down", description = "Stops everything, the data stays.", mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final long POLL_MILLIS = 50;

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
            awaitEnd(data, supervisor.get());
        }
        int left = stopLeftovers(data.path(), output);
        output.plain(supervisor.isPresent() ? "Stopped in %.1f s".formatted(output.seconds()) : left > 0 ? "Stopped what an earlier run had left" : "Nothing was running");
        StackFile.read(data.path()).filter(stack -> stack.source() == null && stack.slots() != null).ifPresent(stack -> warnOfSlots(stack.slots(), data, output));
    }

    /** In the demo the slot is in the database that stops too; in a database of the user's own it holds WAL back. */
    private static void warnOfSlots(List<String> slots, DataFolder data, Output output) {
        for (var slot : slots) {
            output.plain("The replication slot " + slot + " stays in your database and keeps its WAL until " + data.command("up") + " runs again. To give replication up:\n"
                    + "  SELECT pg_drop_replication_slot('" + slot + "');");
        }
    }

    /** The lock tells, also where nobody collects ended processes. */
    private static void awaitEnd(DataFolder data, ProcessHandle supervisor) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (data.supervisor().isPresent()) {
            if (System.nanoTime() > deadline) {
                throw new LocalException("The supervisor, process " + supervisor.pid() + ", did not stop within " + PATIENCE.toSeconds()
                        + " s. End it with kill -9 " + supervisor.pid() + " and run " + data.command("down") + " again");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static int stopLeftovers(Path data, Output output) {
        var stack = new Stack(StackOptions.of(DataFolder.home(), data, List.of(), null, null, Map.of()));
        int left = stopOne(stack.connect(), output);
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
