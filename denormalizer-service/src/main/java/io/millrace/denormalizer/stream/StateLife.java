package io.millrace.denormalizer.stream;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Of which life of a join the state on this disk is. Streams would go on with state whose changelogs were made anew as soon as these
 * have grown long enough.
 */
final class StateLife {

    private final Path file;

    StateLife(Path folder, String application) {
        this.file = folder.resolve(application + ".life");
    }

    /**
     * Has the state taken away that is of another life.
     *
     * @throws UncheckedIOException where the disk does not answer
     */
    void begin(long number, Runnable takeAway) {
        try {
            if (number != number()) {
                takeAway.run();
                Files.createDirectories(file.getParent());
                var fresh = file.resolveSibling(file.getFileName() + ".new");
                Files.writeString(fresh, Long.toString(number));
                Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Keeping in " + file + " of which life of the join the state is failed: " + e.getMessage(), e);
        }
    }

    private long number() throws IOException {
        return Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
    }
}
