package io.millrace.images;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What files take on the disk. */
final class Sizes {

    private static final long MEGABYTE = 1_000_000;

    private Sizes() {}

    /** Of a file, or of all files in a folder. */
    static long megabytes(Path path) {
        try (var walk = Files.walk(path)) {
            return walk.filter(Files::isRegularFile).mapToLong(Sizes::bytes).sum() / MEGABYTE;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long bytes(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
