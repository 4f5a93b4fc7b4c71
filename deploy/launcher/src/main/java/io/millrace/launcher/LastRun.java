package io.millrace.launcher;

import io.millrace.launcher.stack.StackFile;
import io.millrace.local.LocalException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** With which pipelines the stack of a data folder ran last: {@code up} brings them again. A file that is not there any more is left out, and that is said. */
final class LastRun {

    private final DataFolder data;
    private final Optional<StackFile> stack;

    private LastRun(DataFolder data, Optional<StackFile> stack) {
        this.data = data;
        this.stack = stack;
    }

    static LastRun on(DataFolder data) {
        return new LastRun(data, StackFile.read(data.path()));
    }

    /** Whether it had the demo; also where nothing ran yet. */
    boolean isDemo() {
        return stack.filter(last -> last.source() == null).isEmpty() || all().isEmpty();
    }

    /** @throws LocalException when none of the files is there any more */
    List<Path> requireOwn() {
        if (own().isEmpty()) {
            throw new LocalException("What ran last on " + data.path() + " was described in " + join(all()) + ", and of that nothing is there any more. Put it back, name other files with --pipeline, or delete all data: " + data.command("reset"));
        }
        return own();
    }

    /** The files beside the demo's that are there. */
    List<Path> own() {
        return all().stream().filter(Files::exists).toList();
    }

    private List<Path> all() {
        return stack.stream().flatMap(last -> last.own().stream()).map(Path::of).toList();
    }

    /** Says what runs again, and what does not. @param named the files that somebody names instead; empty for none */
    void tell(List<Path> named, Output output) {
        var wanted = named.stream().map(path -> path.toAbsolutePath().normalize()).toList();
        var left = new ArrayList<>(all());
        left.removeIf(file -> named.isEmpty() ? Files.exists(file) : wanted.contains(file) || wanted.contains(file.getParent()));
        if (named.isEmpty() && !own().isEmpty()) {
            output.line("Bringing again what ran last on " + data.path() + ": " + join(own()));
        }
        if (!left.isEmpty()) {
            output.line("Left out: " + join(left) + ", with which it ran last" + (named.isEmpty() ? " and which is not there any more" : "") + ". What was made of it stays as it is" + (named.isEmpty() ? "" : "; " + data.command("up") + " without --pipeline would have brought it again"));
        }
    }

    private static String join(List<Path> files) {
        return String.join(", ", files.stream().map(Path::toString).toList());
    }
}
