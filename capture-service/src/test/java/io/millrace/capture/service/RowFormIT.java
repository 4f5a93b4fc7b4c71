package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.check.catalog.StateReader;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.form.CapturedColumns;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.schema.RowSchemas;
import io.millrace.pipeline.sql.JoinSql;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rows reach Kafka in the form that the pipeline file gives them, whichever way they take, and as the SQL of the documents has them. */
class RowFormIT extends OnStack {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> FIELDS = List.of("id", "email", "phone", "body", "region", "label", "made", "country");
    private static final String DOCUMENT = "document: {root: public.person, fields: " + FIELDS + "}\n";
    private static final String FORM = """
            tables:
              public.person:
                columns:
                  email: {hmac: {file: key}}
                  body: {hmac: {file: key}}
                  phone: {mask: phone, keep: 2}
                  notes: leave-out
                  region: {value: eu}
                  label: {concat: [{upper: name}, {value: "/"}, country]}
                  made: {cast: made, to: text}
                rows: {country: [de, fr], gone: null}
            """;
    /** A text that is stored out of line, so that an update of another column leaves it out of the log. */
    private static final String LARGE = "(SELECT string_agg('secret-' || md5(i::text), '') FROM generate_series(1, 300) i)";

    @BeforeAll
    static void writeKey() throws Exception {
        Files.writeString(folder.resolve("key"), "0123456789abcdef0123456789abcdef\n");
    }

    private static CaptureProcess capture(String source, String tables) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), tables, "-Dmillrace.capture.token.file=" + token);
    }

    private static void person(String source) throws Exception {
        stack.source(source, "CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email varchar(80) NOT NULL, phone text, notes text, body text, country char(2), gone date, made timestamptz DEFAULT '2026-01-31 12:00Z')",
                "ALTER TABLE person ALTER body SET STORAGE EXTERNAL, ALTER notes SET STORAGE EXTERNAL",
                "INSERT INTO person SELECT i, 'n' || i, 'secret-' || i || '@example.org', CASE WHEN i <> 3 THEN 'secret-4711' || i END, " + LARGE + ", " + LARGE + ", (ARRAY['de', 'fr', 'it'])[1 + i % 3] FROM generate_series(1, 9) i");
        stack.publish(source, "person");
    }

    /** By key, what the topic holds of the newest change. */
    private static Map<Integer, Map<String, String>> rows(List<Records.Row> records) {
        var newest = new HashMap<Integer, Position>();
        var rows = new TreeMap<Integer, Map<String, String>>();
        for (var record : records) {
            if (record.op() == Op.TRUNCATE) {
                rows.keySet().removeIf(key -> newest.get(key).isBefore(record.position()));
                continue;
            }
            var key = (Integer) record.key().get("id");
            if (!record.position().isBefore(newest.getOrDefault(key, Position.NONE))) {
                newest.put(key, record.position());
                rows.remove(key);
                if (record.value() != null) {
                    var row = new TreeMap<String, String>();
                    record.value().getSchema().getFields().forEach(field -> row.put(field.name(), record.text(field.name())));
                    rows.put(key, row);
                }
            }
        }
        return rows;
    }

    /** By key, what the SQL of the documents says. */
    private static Map<Integer, Map<String, String>> expected(String source) throws Exception {
        var pipeline = PipelineFiles.load(List.of(folder.resolve(source + ".yaml"))).getFirst().pipeline();
        var rows = new TreeMap<Integer, Map<String, String>>();
        try (var connection = stack.connect(source)) {
            connection.createStatement().execute("SET timezone = 'UTC'");
            try (var found = connection.createStatement().executeQuery(JoinSql.of(pipeline, CatalogReader.read(connection, pipeline.tableNames())))) {
                while (found.next()) {
                    var row = new TreeMap<String, String>();
                    JSON.readTree(found.getString("document")).properties().forEach(member -> row.put(member.getKey(), member.getValue().asText("null")));
                    rows.put(Integer.valueOf(row.get("id")), row);
                }
            }
        }
        return rows;
    }

    /** Verification asks for single documents: by the index, and with the version of their row. */
    private static void assertFoundByKey(String source) throws Exception {
        var pipeline = PipelineFiles.load(List.of(folder.resolve(source + ".yaml"))).getFirst().pipeline();
        try (var connection = stack.connect(source)) {
            var catalog = CatalogReader.read(connection, pipeline.tableNames());
            connection.createStatement().execute("SET enable_seqscan = off");
            try (var one = connection.prepareStatement("EXPLAIN " + JoinSql.ofOne(pipeline, catalog, null)); var some = connection.prepareStatement(JoinSql.ofSome(pipeline, catalog, null))) {
                one.setString(1, "1");
                var plan = new StringBuilder();
                try (var lines = one.executeQuery()) {
                    while (lines.next()) {
                        plan.append(lines.getString(1)).append('\n');
                    }
                }
                assertTrue(plan.toString().contains("person_pkey"), plan.toString());
                some.setArray(1, connection.createArrayOf("text", new String[] {"1", "11"}));
                try (var found = some.executeQuery()) {
                    assertTrue(found.next() && found.getLong("made") > 0);
                    assertFalse(found.next(), "a row that does not go makes no document");
                }
            }
        }
    }

    private static void assertSame(String source, CaptureProcess capture, Records records) throws Exception {
        var expected = expected(source);
        records.await(capture, seen -> of(seen).equals(expected));
        assertEquals(expected, of(records.toTheEnd()));
    }

    private static Schema derived(String source) throws Exception {
        var table = new TableName("public", "person");
        var form = PipelineFiles.load(List.of(folder.resolve(source + ".yaml"))).getFirst().pipeline().settings(table).form();
        try (var connection = stack.connect(source)) {
            var state = new StateReader(Set.of(table), "millrace_" + source, "millrace_" + source, 0).read(connection);
            return RowSchemas.value(source, table, CapturedColumns.of(form, state.captured(state.table(table))));
        }
    }

    /** The fields that documents have. */
    private static Map<Integer, Map<String, String>> of(List<Records.Row> records) {
        var rows = rows(records);
        rows.values().forEach(row -> row.keySet().retainAll(FIELDS));
        return rows;
    }

    /** Everything that Kafka has, keys and headers too. */
    private static String everything() {
        var all = new StringBuilder();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = new ArrayList<org.apache.kafka.common.TopicPartition>();
            consumer.listTopics().forEach((topic, infos) -> infos.forEach(info -> partitions.add(new org.apache.kafka.common.TopicPartition(topic, info.partition()))));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            for (var end : consumer.endOffsets(partitions).entrySet()) {
                while (consumer.position(end.getKey()) < end.getValue()) {
                    consumer.poll(Duration.ofMillis(100)).forEach(record -> {
                        all.append(text(record.key())).append(text(record.value()));
                        record.headers().forEach(header -> all.append(text(header.value())));
                    });
                }
            }
        }
        return all.toString();
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void rowsGoInTheFormOfTheFileOnEveryWayAndNothingElseOfThemDoes() throws Exception {
        person("formed");
        try (var capture = capture("formed", FORM + DOCUMENT).awaitStreaming(); var records = records("formed", "person")) {
            assertSame("formed", capture, records);
            assertEquals(6, rows(records.seen).size(), "a snapshot leaves out what the file leaves out");
            assertEquals(derived("formed"), records.seen.getFirst().value().getSchema(), "the check of migrations derives what is registered");
            stack.sql("formed", "UPDATE person SET name = 'toast' WHERE id IN (1, 3)", "UPDATE person SET country = 'it' WHERE id = 4", "UPDATE person SET country = 'fr', phone = NULL WHERE id = 2",
                    "INSERT INTO person VALUES (10, 'new', 'secret-10', 'secret-10', 'secret-10', 'secret-10', 'de'), (11, 'other', 'secret-11', '1', 'secret-11', 'secret-11', 'it')",
                    "DELETE FROM person WHERE id IN (6, 5)", "UPDATE person SET id = 70 WHERE id = 7", "UPDATE person SET gone = now() WHERE id = 9");
            assertSame("formed", capture, records);
            assertTrue(records.seen.stream().noneMatch(row -> row.key() != null && row.key().get("id").equals(11)), "a new row that does not go was never there");
            assertEquals(Op.DELETE, records.seen.stream().filter(row -> row.key() != null && row.key().get("id").equals(4)).toList().getLast().op());
            capture.post("/resnapshots?table=public.person", TOKEN);
            records.await(capture, seen -> seen.stream().filter(row -> row.op() == Op.TRUNCATE).count() == Stack.PARTITIONS);
            assertSame("formed", capture, records);
            assertFoundByKey("formed");
            assertFalse(everything().contains("secret-"), "no value leaves that the file hides");
            assertFalse(capture.log().contains("secret-"));
        }
    }

    @Test
    void rowsThatWentInAnotherFormAreOldAndAColumnThatTheFormNamesIsMissed() throws Exception {
        person("reformed");
        var plain = "document: {root: public.person, fields: [id, email, country]}\n";
        try (var records = records("reformed", "person")) {
            try (var capture = capture("reformed", plain).awaitStreaming()) {
                records.await(capture, seen -> rows(seen).size() == 9);
            }
            try (var capture = capture("reformed", FORM + DOCUMENT)) {
                capture.awaitReady("\"phase\": \"streaming\"", "Old rows of the table public.person hold old values: the pipeline file gives its rows another form");
                capture.post("/resnapshots?table=public.person", TOKEN);
                capture.awaitStreaming();
                assertSame("reformed", capture, records);
            }
            try (var capture = capture("reformed", FORM + DOCUMENT).awaitStreaming()) {
                stack.sql("reformed", "ALTER TABLE person RENAME notes TO remarks", "UPDATE person SET name = 'renamed' WHERE id = 1");
                var refused = records.await(capture, seen -> seen.stream().anyMatch(row -> row.unwritable() != null)).getLast();
                assertEquals("A row of the table public.person cannot be written: the pipeline file names its columns [notes] under 'columns' or 'rows', and the change has none of that name", refused.unwritable());
            }
        }
    }
}
