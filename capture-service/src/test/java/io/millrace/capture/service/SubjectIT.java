package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.sql.JoinSql;
import io.millrace.pipeline.subject.SubjectKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.avro.generic.GenericRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Somebody who is erased leaves Kafka with all that carries them, and stays away whichever way their rows take; until the source has them anew. */
class SubjectIT extends OnStack {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MARKER = "secret-of-2";
    private static final String FILE = """
            document:
              root: public.person
              fields: [id, name, mail]
              many:
                notes: {table: public.note, join: {id: person_id}, fields: [id, author_id, body]}
            subjects:
              person:
                key: public.person.id
                places:
                  public.person: {column: id, erase: row}
                  public.note: {column: author_id, erase: {body: "(erased)", author_id: null}}
            """;
    private static final String WITHOUT_NOTES = FILE.lines().filter(line -> !line.contains("note") && !line.contains("many")).collect(Collectors.joining("\n", "", "\n"));

    private static CaptureProcess capture(String source, String... options) throws Exception {
        return begin(source, FILE, options).awaitStreaming();
    }

    private static CaptureProcess begin(String source, String file, String... options) throws Exception {
        var all = new java.util.ArrayList<>(List.of("-Dmillrace.capture.token.file=" + token, "-Dmillrace.capture.watch=500ms"));
        all.addAll(List.of(options));
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), file, all.toArray(String[]::new));
    }

    private static void source(String source, int notes) throws Exception {
        stack.source(source, "CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, mail text)", "CREATE TABLE note (id int PRIMARY KEY, person_id int, author_id int, body text NOT NULL)",
                "INSERT INTO person SELECT i, 'secret-of-' || i, 'secret-of-' || i || '@example.org' FROM generate_series(1, 5) i",
                "INSERT INTO note SELECT i, 1 + i % 5, 1 + i % 4, 'secret-of-' || 1 + i % 4 FROM generate_series(1, " + notes + ") i",
                "CREATE TABLE millrace.subject_erasure (id uuid PRIMARY KEY, subject text NOT NULL, key_hash text NOT NULL, requested_at timestamptz NOT NULL, ended_at timestamptz, ended_by text)");
        stack.publish(source, "person");
        stack.publish(source, "note");
    }

    /** As the purge service does it. */
    private static void forget(String source, int id) throws Exception {
        var hash = SubjectKey.hash("person", Integer.toString(id));
        stack.sql(source, "WITH asked AS (INSERT INTO millrace.subject_erasure VALUES (gen_random_uuid(), 'person', '" + hash + "', clock_timestamp()) RETURNING *) INSERT INTO millrace.outboxevent"
                + " SELECT gen_random_uuid(), subject, key_hash, 'forget', requested_at, '{}' FROM asked");
    }

    private static void withdraw(String source, int id) throws Exception {
        var hash = SubjectKey.hash("person", Integer.toString(id));
        stack.sql(source, "WITH ended AS (UPDATE millrace.subject_erasure SET ended_at = clock_timestamp() WHERE key_hash = '" + hash + "' AND ended_at IS NULL RETURNING *) INSERT INTO millrace.outboxevent"
                + " SELECT gen_random_uuid(), subject, key_hash, 'remember', ended_at, '{}' FROM ended");
    }

    /** By key, the newest row that a topic has of each. */
    private static Map<Integer, GenericRecord> newest(List<Records.Row> records) {
        var positions = new HashMap<Integer, Position>();
        var rows = new TreeMap<Integer, GenericRecord>();
        for (var record : records) {
            if (record.op() == Op.TRUNCATE) {
                rows.keySet().removeIf(key -> positions.get(key).isBefore(record.position()));
                continue;
            }
            var key = (Integer) record.key().get("id");
            if (!record.position().isBefore(positions.getOrDefault(key, Position.NONE))) {
                positions.put(key, record.position());
                rows.remove(key);
                if (record.value() != null) {
                    rows.put(key, record.value());
                }
            }
        }
        return rows;
    }

    /** What is left of a topic once it is compacted: no order of arrival may bring back what left. */
    private static List<Records.Row> compacted(List<Records.Row> records) {
        var last = new LinkedHashMap<String, Records.Row>();
        for (var row : records) {
            last.remove(row.partition() + " " + row.key());
            last.put(row.partition() + " " + row.key(), row);
        }
        return List.copyOf(last.values());
    }

    /** The documents that the rows make. */
    private static Map<Integer, String> documents(List<Records.Row> persons, List<Records.Row> notes) {
        var documents = new TreeMap<Integer, String>();
        newest(persons).forEach((id, person) -> {
            var shown = new TreeSet<String>();
            newest(notes).values().stream().filter(note -> id.equals(note.get("person_id"))).forEach(note -> shown.add(note.get("id") + " " + note.get("author_id") + " " + note.get("body")));
            documents.put(id, person.get("name") + " " + person.get("mail") + " " + shown);
        });
        return documents;
    }

    /** The same as the SQL of the documents says it. */
    private static Map<Integer, String> expected(String source) throws Exception {
        var pipeline = PipelineFiles.load(List.of(folder.resolve(source + ".yaml"))).getFirst().pipeline();
        var documents = new TreeMap<Integer, String>();
        try (var connection = stack.connect(source); var statement = connection.createStatement(); var found = statement.executeQuery(JoinSql.of(pipeline, CatalogReader.read(connection, pipeline.tableNames())))) {
            while (found.next()) {
                var document = JSON.readTree(found.getString("document"));
                var shown = new TreeSet<String>();
                document.get("notes").forEach(note -> shown.add(text(note, "id") + " " + text(note, "author_id") + " " + text(note, "body")));
                documents.put(document.get("id").asInt(), text(document, "name") + " " + text(document, "mail") + " " + shown);
            }
        }
        return documents;
    }

    private static TreeSet<String> carrying(String source) throws Exception {
        var pipeline = PipelineFiles.load(List.of(folder.resolve(source + ".yaml"))).getFirst().pipeline();
        var found = new TreeSet<String>();
        try (var connection = stack.connect(source)) {
            for (var sql : JoinSql.carrying(pipeline, CatalogReader.read(connection, pipeline.tableNames()), "person")) {
                try (var statement = connection.prepareStatement(sql)) {
                    statement.setString(1, SubjectKey.hash("person", "2"));
                    for (var rows = statement.executeQuery(); rows.next();) {
                        found.add(String.join("|", (String[]) rows.getArray(1).getArray()));
                    }
                }
            }
        }
        return found;
    }

    private static String text(JsonNode json, String field) {
        return json.get(field).isNull() ? "null" : json.get(field).asText();
    }

    private static Map<Integer, String> assertSame(String source, CaptureProcess capture, Records persons, Records notes) throws Exception {
        var expected = expected(source);
        try {
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100)).until(() -> expected.equals(documents(persons.toTheEnd(), notes.toTheEnd())));
        } catch (org.awaitility.core.ConditionTimeoutException e) {
            throw new AssertionError("expected " + expected + "\nbut there are " + documents(persons.seen, notes.seen) + "\n" + capture.ask("GET", "/resnapshots", TOKEN) + "\n" + capture.ready() + "\n" + capture.log(), e);
        }
        awaitRead(capture);
        assertEquals(expected, documents(compacted(persons.toTheEnd()), compacted(notes.toTheEnd())), "compaction keeps a key's last record");
        return expected;
    }

    private static void awaitRead(CaptureProcess capture) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100)).until(() -> capture.ask("GET", "/resnapshots", TOKEN).contains("\"resnapshots\":[]"));
    }

    private static void assertForgotten(Map<Integer, String> documents, Records persons, Records notes) throws Exception {
        assertFalse(documents.containsKey(2));
        assertFalse(documents.toString().contains(MARKER), documents.toString());
        assertFalse(compacted(persons.toTheEnd()).toString().contains(MARKER), "the row of the subject is gone with compaction");
        assertFalse(compacted(notes.toTheEnd()).toString().contains(MARKER), "what was redacted is gone with compaction");
    }

    @Test
    void whoIsErasedStaysAwayUntilTheSourceHasThemAnew() throws Exception {
        source("people", 200);
        try (var persons = records("people", "person"); var notes = records("people", "note")) {
            try (var capture = capture("people")) {
                assertTrue(assertSame("people", capture, persons, notes).toString().contains(MARKER));
                forget("people", 2);
                assertForgotten(assertSame("people", capture, persons, notes), persons, notes);
                // Whatever still comes of them.
                stack.sql("people", "UPDATE person SET mail = '" + MARKER + "@example.com' WHERE id = 2", "INSERT INTO note VALUES (1001, 3, 2, '" + MARKER + "')", "UPDATE note SET author_id = 2, body = '" + MARKER + "' WHERE id = 3",
                        "UPDATE note SET author_id = 1, body = 'no secret' WHERE id = 5");
                assertForgotten(assertSame("people", capture, persons, notes), persons, notes);
            }
            try (var capture = capture("people")) {
                capture.post("/resnapshots?table=public.person", TOKEN);
                capture.post("/resnapshots?table=public.note", TOKEN);
                awaitRead(capture);
                assertForgotten(assertSame("people", capture, persons, notes), persons, notes);
                stack.sql("people", "DELETE FROM person WHERE id = 2", "INSERT INTO person VALUES (2, 'somebody else', NULL)");
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> stack.query("people", "SELECT ended_by FROM millrace.subject_erasure").equals(List.of("source")));
                assertTrue(assertSame("people", capture, persons, notes).get(2).startsWith("somebody else"));
                assertEquals(List.of("forget", "remember"), stack.query("people", "SELECT type FROM millrace.outboxevent ORDER BY \"timestamp\""));
            }
        }
    }

    @Test
    void anErasureThatIsWithdrawnGivesBackWhatTheSourceHas() throws Exception {
        source("back", 20);
        try (var persons = records("back", "person"); var notes = records("back", "note"); var capture = capture("back")) {
            var before = assertSame("back", capture, persons, notes);
            forget("back", 2);
            assertForgotten(assertSame("back", capture, persons, notes), persons, notes);
            assertEquals(new TreeSet<>(stack.query("back", "SELECT id FROM person WHERE id = 2 UNION SELECT person_id FROM note WHERE author_id = 2")), carrying("back"), "the documents in which the subject stands");
            withdraw("back", 2);
            assertEquals(before, assertSame("back", capture, persons, notes));
        }
    }

    @Test
    void anErasureGoesOnAfterAKillAndNobodyCancelsIt() throws Exception {
        source("killed", 6_000);
        try (var persons = records("killed", "person"); var notes = records("killed", "note")) {
            try (var capture = capture("killed", "-Dmillrace.capture.resnapshot-chunk-rows=50", "-Dmillrace.capture.resnapshot-rows-per-second=200")) {
                assertSame("killed", capture, persons, notes);
                forget("killed", 2);
                forget("killed", 3);
                Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50)).until(() -> capture.ask("GET", "/resnapshots", TOKEN).contains("public.note"));
                assertTrue(capture.ask("DELETE", "/resnapshots?table=public.note", TOKEN).contains("cannot be cancelled"));
                assertFalse(capture.ask("GET", "/resnapshots", TOKEN).contains("\"resnapshots\":[]"), "it is killed in the middle");
                capture.kill();
            }
            try (var capture = capture("killed")) {
                var documents = assertSame("killed", capture, persons, notes);
                assertForgotten(documents, persons, notes);
                assertFalse(documents.containsKey(3));
            }
        }
    }

    @Test
    void whoWasErasedBeforeTheFirstLoadIsNeverRead() throws Exception {
        source("first", 200);
        forget("first", 2);
        try (var persons = records("first", "person"); var notes = records("first", "note"); var capture = capture("first")) {
            assertForgotten(assertSame("first", capture, persons, notes), persons, notes);
            assertFalse(persons.seen.toString().contains(MARKER), persons.seen.toString());
            assertFalse(notes.seen.toString().contains(MARKER), notes.seen.toString());
        }
    }

    @Test
    void aReadingOfTheWholeTableThatIsPastTheRowsOfAnErasureDoesNotStandForTheErasures() throws Exception {
        source("added", 6_000);
        try (var persons = records("added", "person"); var notes = records("added", "note")) {
            begin("added", WITHOUT_NOTES).awaitStreaming().close();
            try (var capture = begin("added", FILE, "-Dmillrace.capture.resnapshot-chunk-rows=50", "-Dmillrace.capture.resnapshot-rows-per-second=200")) {
                notes.await(capture, seen -> seen.toString().contains(MARKER));
                forget("added", 2);
                Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50)).until(() -> capture.ask("GET", "/resnapshots", TOKEN).split("public\\.note", -1).length > 2);
                capture.kill();
            }
            try (var capture = capture("added")) {
                assertForgotten(assertSame("added", capture, persons, notes), persons, notes);
            }
        }
    }
}
