package io.millrace.pipeline.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What some files hold, made anew when their bytes are others than at the last look: a rotated certificate is used from the next
 * connection on. Times of change are not trusted, for they may be equal. Thread-safe.
 */
final class Reread<T> {

    /** Makes the thing of the files' bytes. */
    @FunctionalInterface
    interface Maker<T> {
        T make(List<byte[]> contents) throws GeneralSecurityException, IOException;
    }

    /** By the key that names each. */
    private final SequencedMap<String, Path> files;
    private final Maker<T> maker;
    /** Guarded by this. */
    private List<byte[]> contents = List.of();
    /** Guarded by this; null before the first look. */
    private T made;

    /** @param files by the configuration's key that names each, in the order in which the maker takes them */
    Reread(SequencedMap<String, Path> files, Maker<T> maker) {
        this.files = files;
        this.maker = maker;
    }

    /** @throws IOException naming the files, when one cannot be read or does not hold what it should */
    synchronized T now() throws IOException {
        try {
            var read = new ArrayList<byte[]>();
            for (var file : files.values()) {
                read.add(Files.readAllBytes(file));
            }
            if (made == null || !IntStream.range(0, read.size()).allMatch(i -> Arrays.equals(read.get(i), contents.get(i)))) {
                made = maker.make(read);
                contents = List.copyOf(read);
            }
            return made;
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw new ExplainedException(this + " cannot be used: " + e + "; create it or correct the path", e);
        }
    }

    /** What the last look made, without another one. */
    synchronized T last() {
        return made;
    }

    @Override
    public String toString() {
        return files.entrySet().stream().map(file -> file.getValue() + " (" + file.getKey() + ")").collect(Collectors.joining(" with "));
    }
}
