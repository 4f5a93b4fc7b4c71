package io.millrace.local.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/** What a file says, read again when the file is another one than at the last look. Thread-safe. */
final class Reread<T> {

    /** Makes the thing of the file's bytes. */
    @FunctionalInterface
    interface Maker<T> {
        T make(byte[] content) throws IOException;
    }

    private final Path file;
    private final Maker<T> maker;
    private final T none;
    /** Guarded by this; null before the first look. */
    private Object seen;
    /** Guarded by this. */
    private T made;

    /** @param none what is meant where there is no such file */
    Reread(Path file, Maker<T> maker, T none) {
        this.file = file;
        this.maker = maker;
        this.none = none;
    }

    synchronized T now() {
        try {
            if (!Files.exists(file)) {
                return none;
            }
            var state = new State(Files.getLastModifiedTime(file), Files.getAttribute(file, "unix:ino"));
            if (!state.equals(seen)) {
                made = maker.make(Files.readAllBytes(file));
                seen = state;
            }
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException("Reading " + file + " failed", e);
        }
    }

    /** A file that takes another's place has another number, however quickly it does. */
    private record State(FileTime changed, Object number) {}
}
