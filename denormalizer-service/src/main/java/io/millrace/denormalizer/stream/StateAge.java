package io.millrace.denormalizer.stream;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How long ago the state on this disk was as its changelogs were then. Streams restores from there what was written since, and what was
 * deleted since and compacted away by now is in neither: it would be back. So state that is older than deletions are kept goes, and is
 * restored as a whole.
 *
 * <p>Each task has a folder in which Streams notes its checkpoint when the task is opened or closed, and each 10,000 changes. Where
 * there is none Streams restores everything, over what is there.
 */
final class StateAge {

    private static final Pattern TASK = Pattern.compile("\\d+_\\d+");
    private static final String CHECKPOINT = ".checkpoint";

    private final Path application;

    /** @param application the folder of one application's tasks; it need not be there */
    StateAge(Path application) {
        this.application = application;
    }

    /**
     * Takes away the state of tasks that is older. No task may be open.
     *
     * @param kept for how long deletions stand in the changelogs at least
     * @return the tasks whose state is gone
     * @throws UncheckedIOException where the disk does not answer
     */
    List<String> takeAway(Duration kept, Instant now) {
        var gone = new ArrayList<String>();
        try {
            for (var task : tasks()) {
                if (isOlder(task, now.minus(kept))) {
                    delete(task);
                    gone.add(task.getFileName().toString());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Taking away what is too old of the state under " + application + " failed: " + e.getMessage(), e);
        }
        return gone;
    }

    private List<Path> tasks() throws IOException {
        if (!Files.isDirectory(application)) {
            return List.of();
        }
        try (var all = Files.list(application)) {
            return all.filter(folder -> TASK.matcher(folder.getFileName().toString()).matches()).sorted().toList();
        }
    }

    private static boolean isOlder(Path task, Instant limit) throws IOException {
        var checkpoint = task.resolve(CHECKPOINT);
        return !Files.exists(checkpoint) || Files.getLastModifiedTime(checkpoint).toInstant().isBefore(limit);
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
