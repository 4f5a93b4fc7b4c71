package io.millrace.launcher.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileChangeTest {

    private static final String FILE = """
            millrace: 1
            name: rooms
            source: {name: clinic, url: "jdbc:postgresql://localhost/clinic", user: millrace, password: {env: PASSWORD}}
            latency: {p99: 5s}
            index: {name: rooms, shards: 1}
            retention: {keep: 30 days, column: opened}
            tables: {public.clinic: {lookup: broadcast}}
            document:
              root: public.room
              fields: [id, label, opened]
              one:
                clinic: {table: public.clinic, join: {clinic_id: id}, fields: [name]}
            """;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "[id, label, opened] | [id, {label: {upper: label}}, opened] | 10 | document.fields[1] | 'label' is there with another value",
        "[id, label, opened] | [id, label, opened, colour] | 10 | document.fields[3] | its rows of public.room do not have colour",
        "fields: [name] | fields: [name, city] | 12 | document.one.clinic.fields[1] | 'replaces: [rooms]' and index.name rooms",
        "lookup: broadcast | lookup: subscribe | 7 | tables.public.clinic.lookup | replaces: [rooms]",
        "column: opened | column: closed | 6 | retention | its rows of public.room do not have closed",
        "name: rooms, | name: halls, | 5 | index.name | where readers look for them",
        ", shards: 1} | }\\ntarget: postgres | 6 | target | an index.name of its own",
        "name: clinic, | name: hospital, | 3 | source.name | a name of its own"})
    void whatAsksForOtherDocumentsIsRefusedWithItsLine(String from, String to, int line, String at, String words) throws IOException {
        var problems = change(FILE.replace(from, to.replace("\\n", "\n"))).problems();
        assertEquals(1, problems.size(), problems.toString());
        assertEquals(at, problems.getFirst().at());
        assertEquals(line, problems.getFirst().line());
        assertTrue(problems.getFirst().message().contains(words), problems.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {"p99: 5s | p99: 9s", "30 days | 60 days", "user: millrace | user: other", "shards: 1 | shards: 2"})
    void theRestIsGoneOnWith(String from, String to) throws IOException {
        var change = change(FILE.replace(from, to));
        assertEquals(List.of(), change.problems());
        assertTrue(change.isAny());
        assertEquals(to.startsWith("shards"), change.asksForAnotherIndex());
    }

    @Test
    void aFieldOfColumnsThatTheJoinHasIsToldWithItsLineAndOneThatIsGoneIsForTheJoinToSay() throws IOException {
        var change = change(FILE.replace("[id, label, opened]", "[clinic_id, id, opened]"));
        assertEquals(List.of(), change.problems());
        assertEquals(List.of("document.fields[0]"), change.inPlace().stream().map(Problem::at).toList());
        assertEquals(10, change.inPlace().getFirst().line());
    }

    @Test
    void whatIsTheSameIsNoChange() throws IOException {
        var change = change("# A comment\n" + FILE);
        assertFalse(change.isAny());
        assertEquals(List.of(), change.problems());
    }

    private FileChange change(String text) throws IOException {
        return new FileChange(read(FILE).pipeline(), read(text));
    }

    private PipelineFile read(String text) throws IOException {
        return PipelineFiles.load(List.of(Files.writeString(folder.resolve("rooms.yaml"), text))).getFirst();
    }
}
