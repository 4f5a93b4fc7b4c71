package io.millrace.tests.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;

/** What was seen, on the terminal and line by line in a file, so that a run that is cut off leaves what it has. */
final class Report {

    private final Path file;

    Report(Path folder) throws IOException {
        this.file = folder.resolve("report.md");
        Files.createDirectories(folder);
        Files.writeString(file, "");
    }

    void line(String text) {
        System.out.println(LocalTime.now().truncatedTo(ChronoUnit.SECONDS) + " " + text);
        try {
            Files.writeString(file, text + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("Writing to " + file + " failed", e);
        }
    }

    /** @param began by {@link System#nanoTime} */
    void took(String what, long began) {
        line("- " + what + ": " + seconds(began) + " s");
    }

    static String seconds(long began) {
        return "%.1f".formatted(Duration.ofNanos(System.nanoTime() - began).toMillis() / 1e3);
    }
}
