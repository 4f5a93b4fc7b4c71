package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;

class LastRunTest {

    @TempDir
    Path folder;
    private Path one;
    private Path two;

    private static final class Options {
        @Mixin
        private DataFolder data;
    }

    @BeforeEach
    void writeFiles() throws IOException {
        one = Files.writeString(folder.resolve("one.yaml"), "one");
        two = Files.writeString(folder.resolve("two.yaml"), "two");
    }

    @Test
    void whereNothingRanTheDemoDoes() {
        assertTrue(last().isDemo());
        assertEquals("", told(List.of()));
    }

    @Test
    void whatRanLastRunsAgain() throws IOException {
        ran(null, one, two);
        assertFalse(last().isDemo());
        assertEquals(List.of(one, two), last().requireOwn());
        assertTrue(told(List.of()).contains("Bringing again what ran last on " + data() + ": " + one + ", " + two));
    }

    @Test
    void theDemoRunsAgainWithWhatWasAddedToIt() throws IOException {
        ran("jdbc:postgresql://localhost/demo", one);
        assertTrue(last().isDemo());
        assertEquals(List.of(one), last().own());
    }

    @Test
    void whatIsLeftOutIsSaid() throws IOException {
        ran(null, one, two);
        var named = told(List.of(one));
        assertTrue(named.contains("Left out: " + two + ", with which it ran last. ") && named.contains("./millrace up --data " + data()), named);
        assertEquals("", told(List.of(folder)), "a folder names all that is in it");
        Files.delete(two);
        var gone = told(List.of());
        assertTrue(gone.contains("again what ran last on " + data() + ": " + one + "\n") && gone.contains("Left out: " + two + ", with which it ran last and which is not there any more"), gone);
    }

    private Path data() {
        return folder.resolve("data");
    }

    private void ran(String source, Path... own) throws IOException {
        var stack = new HashMap<String, Object>();
        stack.put("state", "ready");
        stack.put("own", List.of(own).stream().map(Path::toString).toList());
        stack.put("source", source);
        new JsonMapper().writeValue(Files.createDirectories(data().resolve("run")).resolve("stack.json").toFile(), stack);
    }

    private LastRun last() {
        return LastRun.on(CommandLine.populateCommand(new Options(), "--data", data().toString()).data);
    }

    private String told(List<Path> named) {
        var said = new StringWriter();
        last().tell(named, new Output(new PrintWriter(said)));
        return said.toString();
    }
}
