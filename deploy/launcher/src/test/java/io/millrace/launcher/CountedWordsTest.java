package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Nobody is told of "1 documents": a number and what it counts come from {@link io.millrace.pipeline.wording.Counted} in every service and command. */
class CountedWordsTest {

    private static final String WORDS = "(?:documents|rows|records|tables|topics|pipelines|partitions|regions|columns|migrations|statements|parts|indexes)\\b(?![/.])";
    /** A number that is put before such a word: by adding texts, or by a form. A rate is none: rows/s. */
    private static final Pattern BY_HAND = Pattern.compile("[a-z)] \\+ \" " + WORDS + "|%,?d " + WORDS);
    private static final Path SOURCES = Path.of("src", "main", "java");

    @Test
    void whatIsCountedIsSaidByOneRule() throws IOException {
        var found = new ArrayList<String>();
        int files = 0;
        for (var file : sources()) {
            files++;
            var lines = Files.readAllLines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (BY_HAND.matcher(lines.get(i)).find()) {
                    found.add(DataFolder.home().relativize(file) + ":" + (i + 1) + " " + lines.get(i).strip());
                }
            }
        }
        assertTrue(files > 500, "sources were found: " + files);
        assertEquals(List.of(), found);
    }

    /** The benches count in thousands, for who measures. */
    private static List<Path> sources() throws IOException {
        try (var modules = Files.walk(DataFolder.home(), 3)) {
            var roots = modules.filter(folder -> Files.isRegularFile(folder.resolve("pom.xml")) && !folder.endsWith("tests") && Files.isDirectory(folder.resolve(SOURCES))).map(folder -> folder.resolve(SOURCES)).toList();
            var sources = new ArrayList<Path>();
            for (var root : roots) {
                try (var files = Files.walk(root)) {
                    files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
                }
            }
            return sources;
        }
    }
}
