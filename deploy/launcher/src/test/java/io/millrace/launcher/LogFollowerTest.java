package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFollowerTest {

    @TempDir
    Path folder;
    private final StringWriter text = new StringWriter();
    private final Output output = new Output(new PrintWriter(text));

    @Test
    void onlyWholeLinesAreShownAndEachOnce() throws IOException {
        var log = folder.resolve("a.log");
        try (var follower = new LogFollower(log)) {
            follower.print(output);
            Files.writeString(log, "one\ntw");
            follower.print(output);
            Files.writeString(log, "o\n", StandardOpenOption.APPEND);
            follower.print(output);
            follower.print(output);
        }
        assertEquals(lines("one", "two"), text.toString());
    }

    @Test
    void theLastLinesCanBeAskedFor() throws IOException {
        var log = Files.writeString(folder.resolve("a.log"), "one\ntwo\nthree\n");
        try (var follower = new LogFollower(log)) {
            follower.skipToLast(2);
            follower.print(output);
        }
        assertEquals(lines("two", "three"), text.toString());
    }

    @Test
    void aLogShorterThanAskedForIsShownWhole() throws IOException {
        var log = Files.writeString(folder.resolve("a.log"), "one\n");
        try (var follower = new LogFollower(log)) {
            follower.skipToLast(20);
            follower.print(output);
        }
        assertEquals(lines("one"), text.toString());
    }

    @Test
    void aRotatedLogIsReadFromItsBeginning() throws IOException {
        var log = Files.writeString(folder.resolve("a.log"), "a long first line\n");
        try (var follower = new LogFollower(log)) {
            follower.print(output);
            Files.writeString(log, "new\n");
            follower.print(output);
        }
        assertEquals(lines("a long first line", "new"), text.toString());
    }

    private static String lines(String... lines) {
        return String.join(System.lineSeparator(), lines) + System.lineSeparator();
    }
}
