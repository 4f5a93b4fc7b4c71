package io.millrace.launcher;

import io.millrace.launcher.stack.StackFile;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option that says which stack is meant. */
final class DataFolder {

    @Option(names = "--data", paramLabel = "DIR", description = "Folder of the stack's data, logs and state. Default: .millrace in the root of the checkout.")
    private Path data;

    /** @throws LocalException when it is a file */
    Path path() {
        var path = (data == null ? standard() : data).toAbsolutePath().normalize();
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new LocalException("--data needs a folder, and " + path + " is a file. Name another one, or one that does not exist yet");
        }
        return path;
    }

    /** A command as it is to be typed for this very stack. */
    String command(String words) {
        return "./millrace " + words + (data == null || path().equals(standard()) ? "" : " --data " + path());
    }

    private static Path standard() {
        return home().resolve(".millrace");
    }

    /** Root of the checkout; the script {@code millrace} says where that is. */
    static Path home() {
        return Path.of(System.getProperty("millrace.home", "")).toAbsolutePath().normalize();
    }

    /** The supervisor that runs now. */
    Optional<ProcessHandle> supervisor() {
        return LocalServers.owner(path());
    }

    /** @throws LocalException when a stack runs on this folder */
    void requireStopped() {
        supervisor().ifPresent(owner -> {
            throw new LocalException(LocalServers.alreadyRuns(path(), owner.pid()));
        });
    }

    /** @throws LocalException when no stack runs on this folder */
    StackFile running() {
        if (supervisor().isEmpty()) {
            throw new LocalException("Millrace does not run on " + path() + ". Start it with " + command("up"));
        }
        return StackFile.read(path()).orElseThrow(() -> new LocalException("Millrace is only just starting on " + path() + ". Try again in a moment"));
    }
}
