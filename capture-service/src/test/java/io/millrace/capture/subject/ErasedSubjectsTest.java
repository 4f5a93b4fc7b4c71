package io.millrace.capture.subject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.subject.SubjectKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErasedSubjectsTest {

    private static final TableName PERSON = new TableName("public", "person");
    private static final TableName NOTE = new TableName("public", "note");
    private static final Schema PEOPLE = SchemaBuilder.struct().field("id", Schema.OPTIONAL_INT32_SCHEMA).field("name", Schema.OPTIONAL_STRING_SCHEMA).build();
    private static final Schema NOTES = SchemaBuilder.struct().field("id", Schema.OPTIONAL_INT64_SCHEMA).field("author_id", Schema.OPTIONAL_INT32_SCHEMA).field("editor", Schema.OPTIONAL_STRING_SCHEMA)
            .field("body", Schema.OPTIONAL_STRING_SCHEMA).build();

    @TempDir
    Path folder;
    private ErasedSubjects erased;

    @BeforeEach
    void read() throws IOException {
        var file = Files.writeString(folder.resolve("p.yaml"), """
                millrace: 1
                name: people
                source: {name: demo, url: "jdbc:postgresql://nowhere/demo", user: nobody, password: {env: NOTHING}}
                document: {root: public.person, fields: [id], many: {notes: {table: public.note, join: {id: person_id}, fields: [id]}}}
                subjects:
                  person: {key: public.person.id, places: {public.person: {column: id, erase: row}, public.note: {column: author_id, erase: {author_id: null, body: "(erased)"}}}}
                  staff: {key: public.staff.name, places: {public.note: {column: editor, erase: {editor: null, body: "(also erased)"}}}}
                """);
        var pipelines = PipelineFiles.load(List.of(file)).stream().map(one -> one.pipeline()).toList();
        var source = pipelines.getFirst().source();
        erased = new ErasedSubjects(new SourceConnection("jdbc:postgresql://nowhere/demo", "nobody", source.password()), pipelines);
    }

    private static Struct person(int id) {
        return new Struct(PEOPLE).put("id", id).put("name", "n" + id);
    }

    private static Struct note(Integer author, String editor) {
        return new Struct(NOTES).put("id", 1L).put("author_id", author).put("editor", editor).put("body", "secret");
    }

    private void order(boolean isEnd, String subject, String key, long micros) {
        erased.take(new ErasedSubjects.Order(isEnd, subject, SubjectKey.hash(subject, key), micros));
    }

    @Test
    void whileNothingStandsRowsGoAsTheyAre() {
        var row = person(2);
        assertSame(row, erased.of(PERSON, row));
        assertSame(row, erased.of(new TableName("public", "other"), row));
    }

    @Test
    void aRowThatCarriesAnErasedKeyGoesOrIsRedactedUntilTheErasureEnds() {
        order(false, "person", "2", 1_000);
        assertNull(erased.of(PERSON, person(2)));
        assertEquals("n3", erased.of(PERSON, person(3)).get("name"));
        var redacted = erased.of(NOTE, note(2, "e"));
        assertEquals("(erased)", redacted.get("body"));
        assertNull(redacted.get("author_id"));
        assertEquals("e", redacted.get("editor"));
        assertEquals(1L, redacted.get("id"));
        assertEquals("secret", erased.of(NOTE, note(null, "2")).get("body"), "a key of another subject");
        order(true, "person", "2", 2_000);
        assertEquals("n2", erased.of(PERSON, person(2)).get("name"));
    }

    @Test
    void ofTwoSubjectsInOneRowTheFirstByNameSaysWhatAColumnGets() {
        order(false, "staff", "e", 1_000);
        order(false, "person", "2", 1_000);
        var redacted = erased.of(NOTE, note(2, "e"));
        assertEquals("(erased)", redacted.get("body"));
        assertNull(redacted.get("editor"));
    }

    @Test
    void onlyAnInsertBehindTheRequestIsSomebodyAnew() {
        order(false, "person", "2", 1_000);
        assertEquals(List.of(), erased.anew(PERSON, person(2), 999, 7));
        assertEquals(List.of(), erased.anew(PERSON, person(3), 1_001, 7));
        assertEquals(List.of(), erased.anew(NOTE, note(2, null), 1_001, 7), "only in the subject's own table");
        assertEquals(List.of(new ErasedSubjects.Anew("person", SubjectKey.hash("person", "2"), 1_000)), erased.anew(PERSON, person(2), 1_000, 7));
    }

    @Test
    void aRowThatMovesToAnotherPartitionIsNobodyAnew() {
        order(false, "person", "2", 1_000);
        erased.deleted(NOTE, 7);
        assertEquals(1, erased.anew(PERSON, person(2), 1_000, 7).size());
        erased.deleted(PERSON, 7);
        assertEquals(List.of(), erased.anew(PERSON, person(2), 1_000, 7), "Postgres makes a delete and an insert of it");
        assertEquals(1, erased.anew(PERSON, person(2), 1_000, 8).size());
    }

    @Test
    void anOlderOrderThatComesAgainTakesNothingOfALaterOne() {
        order(false, "person", "2", 2_000);
        order(false, "person", "2", 1_000);
        assertEquals(List.of(), erased.anew(PERSON, person(2), 1_500, 7));
    }

    @Test
    void aRowOfWhichItCannotBeToldWhomItCarriesDoesNotGo() {
        var renamed = SchemaBuilder.struct().field("ident", Schema.OPTIONAL_INT32_SCHEMA).build();
        var row = new Struct(renamed).put("ident", 2);
        assertSame(row, erased.of(PERSON, row), "nothing stands");
        order(false, "person", "2", 1_000);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> erased.of(PERSON, row)).getMessage().contains("names its column id under 'subjects', and the change has none of that name"));
    }

    @Test
    void aTextForAColumnThatIsNoTextAnyMoreIsOneRowsTrouble() {
        var row = new Struct(SchemaBuilder.struct().field("author_id", Schema.OPTIONAL_INT32_SCHEMA).field("editor", Schema.OPTIONAL_STRING_SCHEMA).field("body", Schema.OPTIONAL_INT32_SCHEMA).build()).put("author_id", 2).put("body", 5);
        order(false, "person", "2", 1_000);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> erased.of(NOTE, row)).getMessage().startsWith("A row of the table public.note cannot be written: the pipeline file gives its column body a text"));
    }

    @Test
    void anOrderHasTheSubjectsPlacesReadAgainAndNamesNobody() {
        var readings = erased.readings(new ErasedSubjects.Order(false, "person", SubjectKey.hash("person", "2"), 1_000));
        assertEquals(Set.of(PERSON, NOTE), readings.stream().map(Reading::table).collect(Collectors.toSet()));
        var where = readings.stream().filter(reading -> reading.table().equals(NOTE)).findFirst().orElseThrow().since(900).where();
        assertTrue(where.contains("'person/' || (\"author_id\")::text") && where.contains("+ 900 * interval"), where);
        assertEquals(List.of(), erased.readings(new ErasedSubjects.Order(false, "unheard", "x", 1_000)));
        assertEquals("62bbc36420523d1c817e3fbe1e1cbc3f346ad73fbfd1e0295ffb4c1db38018a8", SubjectKey.hash("person", "2"));
    }
}
