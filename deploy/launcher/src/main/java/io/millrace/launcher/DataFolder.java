package io.millrace.launcher;

import io.millrace.launcher.stack.StackFile;
import io.millrace.local.Keyring;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** The option that says which stack is meant. */
final class DataFolder {

    /** What a start leaves that failed before it wrote a layout, and what the script writes into its own folder. */
    private static final Set<String> BEFORE_THE_LAYOUT = Set.of("", "logs", "logs/supervisor.log", "logs/build.log", "logs/test.log", "run", "run/servers.lock", "token");
    private static final Pattern LAYOUT = Pattern.compile("\\d+\\s*");
    private static final int LONGEST_LAYOUT = 20;

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

    /**
     * Whether what is there was made by Millrace: it has a layout, or nothing is there but what a start leaves that failed before it had one.
     *
     * @throws IOException when it cannot be read
     */
    boolean isOurs() throws IOException {
        var layout = path().resolve("layout");
        if (Files.isRegularFile(layout, LinkOption.NOFOLLOW_LINKS)) {
            return Files.size(layout) <= LONGEST_LAYOUT && LAYOUT.matcher(Files.readString(layout, StandardCharsets.ISO_8859_1)).matches();
        }
        try (var all = Files.walk(path())) {
            return all.map(path()::relativize).filter(file -> !isSecret(file)).map(Path::toString).allMatch(BEFORE_THE_LAYOUT::contains);
        }
    }

    /** The passwords of a secured stack are made before anything else. */
    private boolean isSecret(Path file) {
        return Keyring.isIn(path()) && file.startsWith(Keyring.FOLDER);
    }

    /** @throws LocalException when the folder holds something that Millrace did not make: a stack's data would stand among it, and go with it */
    void requireOurs() throws IOException {
        if (Files.isDirectory(path()) && !path().equals(standard()) && !isOurs()) {
            throw new LocalException("Starting in " + path() + " was refused: the folder is not empty, and it is no data folder of Millrace (no file 'layout' with a number). Name one with --data that is empty or does not exist yet");
        }
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
