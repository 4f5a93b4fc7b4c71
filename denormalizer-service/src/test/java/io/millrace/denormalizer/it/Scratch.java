package io.millrace.denormalizer.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/**
 * Where a test driver keeps its stores. It syncs a checkpoint after every record, which costs nothing in memory and a disk's
 * patience elsewhere.
 */
public final class Scratch {

    private Scratch() {
    }

    /** A new folder, in memory where the machine has such a place. */
    public static Path folder() throws IOException {
        var memory = Path.of("/dev/shm");
        return Files.isWritable(memory) ? Files.createTempDirectory(memory, "millrace-join-") : Files.createTempDirectory("millrace-join-");
    }

    public static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
