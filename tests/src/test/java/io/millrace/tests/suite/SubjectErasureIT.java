package io.millrace.tests.suite;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.notNullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Somebody who stands in two pipelines, at the root, nested and in a quarantine is erased, and nothing brings them back: no replay, rebuild, re-snapshot or restart. */
@Tag("long")
@ExtendWith(SharedStack.class)
class SubjectErasureIT {

    private static final String MARKER = "xylomarker";
    private static final Map<String, String> AT_ONCE = Map.of("segment.ms", "500", "max.compaction.lag.ms", "500", "min.cleanable.dirty.ratio", "0.01", "delete.retention.ms", "500");
    private static final TableName PERSON = new TableName("public", "forgettable");
    private static final TableName REMARK = new TableName("public", "remark");
    private static final String HEAD = """
            millrace: 1
            name: %1$s
            source: {name: demo, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}
            index: {name: %1$s}
            """;
    private static final String SUBJECTS = """
            subjects:
              person:
                key: public.forgettable.id
                places:
                  public.forgettable: {column: id, erase: row}
                  public.remark: {column: author_id, erase: {author_id: null, body: "(erased)"}}
            """;
    private static final String PEOPLE = HEAD.formatted("people") + SUBJECTS + """
            document:
              root: public.forgettable
              fields: [id, name]
              one:
                mentor: {table: public.forgettable, join: {mentor_id: id}, fields: [id, name]}
              many:
                remarks: {table: public.remark, join: {id: about_id}, fields: [id, author_id, body]}
            """;
    private static final String REMARKS = HEAD.formatted("remarks") + SUBJECTS + """
            document:
              root: public.remark
              fields: [id, author_id, body]
              one:
                author: {table: public.forgettable, join: {author_id: id}, fields: [name]}
            """;

    private final DemoStack stack;
    private final RawTopics topics;

    SubjectErasureIT(DemoStack stack) {
        this.stack = stack;
        this.topics = new RawTopics(stack);
    }

    @Test
    void whoIsErasedDoesNotComeBack() throws Exception {
        stack.settled().await();
        change("CREATE TABLE public.forgettable (id int PRIMARY KEY, name text, mentor_id int); CREATE TABLE public.remark (id int PRIMARY KEY, about_id int, author_id int, body text)");
        change("INSERT INTO public.forgettable SELECT i, CASE i WHEN 7 THEN '" + MARKER + "' ELSE 'person ' || i END, 1 + i % 8 FROM generate_series(1, 40) i");
        change("INSERT INTO public.remark SELECT i, 1 + i % 40, 1 + i % 10, CASE 1 + i % 10 WHEN 7 THEN '" + MARKER + "' ELSE 'said ' || i END FROM generate_series(1, 200) i");
        var files = List.of(Files.writeString(stack.pipelines().resolve("people.yaml"), PEOPLE), Files.writeString(stack.pipelines().resolve("remarks.yaml"), REMARKS));
        var later = stack.pipelines().resolve("people-2.yaml");
        try {
            stack.provision();
            restart();
            patience("all are there").until(() -> stack.index().count("people") == 40 && stack.index().count("remarks") == 200);
            assertTrue(shown("people") && shown("remarks"));
            stack.index().ask("POST", "/people,remarks/_flush", null);
            assertFalse(markedFiles("search").isEmpty(), "the marker is found in files when it is there");
            var erasure = erasedThoughATableIsParked();
            assertGone("after the erasure");
            assertFalse(marked(Topics.captured("demo", PERSON)).isEmpty());
            for (var record : topics.read(Topics.captured("demo", PERSON))) {
                topics.resend(record);
            }
            change("UPDATE public.forgettable SET name = '" + MARKER + " again' WHERE id = 7; UPDATE public.remark SET body = '" + MARKER + " again' WHERE author_id = 7; INSERT INTO public.remark VALUES (1001, 3, 7, '" + MARKER + " new')");
            fresh();
            assertGone("after a replay of what was captured, and changes");
            for (var table : List.of(PERSON, REMARK)) {
                at(Stage.CAPTURE).post("/resnapshots?table=" + table).then().statusCode(200);
            }
            patience("the tables are read").untilAsserted(() -> at(Stage.CAPTURE).get("/resnapshots").then().body(containsString("\"resnapshots\":[]")));
            fresh();
            assertGone("after a re-snapshot");
            Files.writeString(later, PEOPLE.replace("name: people\nsource", "name: people-2\nreplaces: [people]\nsource").replace("fields: [id, name]\n  one", "fields: [id, {title: name}]\n  one"));
            stack.provision();
            restart();
            patience("the later generation is served").until(() -> stack.index().ask("GET", "/people/_search?size=50", null).toString().contains("title"));
            fresh();
            assertGone("after a rebuild and a restart of everything");
            agrees("people-2");
            agrees("remarks");
            purge().get("/erasures/" + erasure).then().statusCode(200).body("state", equalTo("hidden"));
            assertNoBytesInTopics();
            assertNoBytesOnDisk();
            change("DELETE FROM public.forgettable WHERE id = 7");
            change("INSERT INTO public.forgettable VALUES (7, 'somebody else', NULL)");
            patience("a key that is created anew comes").until(() -> stack.index().get("people", "7") != null);
            patience("the erasure has ended").untilAsserted(() -> purge().get("/erasures/" + erasure).then().body("state", equalTo("ended")).body("endedBy", equalTo("source")));
            erasedAndWithdrawnFromTheConsole();
        } finally {
            for (var file : files) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(later);
            change("DROP TABLE public.forgettable, public.remark");
            restart();
        }
        stack.settled().await();
    }

    /** The purge service is killed in each state. */
    private String erasedThoughATableIsParked() throws Exception {
        topics.send(new ProducerRecord<>(Topics.captured("demo", REMARK), 0, "junk".getBytes(UTF_8), "not Avro".getBytes(UTF_8)));
        patience("the table is parked").until(() -> !topics.read(Topics.quarantine("demo", REMARK)).isEmpty());
        change("UPDATE public.remark SET body = body || ' parked'");
        patience("the subject is in the quarantine").until(() -> !marked(Topics.quarantine("demo", REMARK)).isEmpty());
        var erasure = purge().header("Idempotency-Key", "forget 7").body("{\"subject\": \"person\", \"key\": \"7\", \"reason\": \"asked for\"}").post("/erasures").then().statusCode(202).extract().<String>path("id");
        stack.process(Stage.PURGE).kill();
        stack.process(Stage.PURGE).start();
        purge().header("Idempotency-Key", "forget 7").body("{\"subject\": \"person\", \"key\": \"7\", \"reason\": \"asked for\"}").post("/erasures").then().statusCode(202).body("id", equalTo(erasure));
        patience("it waits for the quarantine").untilAsserted(() -> purge().get("/erasures/" + erasure).then().body("state", equalTo("requested")).body("waitsFor", containsString("parked in the quarantine")));
        stack.process(Stage.PURGE).kill();
        stack.process(Stage.PURGE).start();
        patience("a person sees one that was refused").untilAsserted(() -> at(Stage.GATE).get("/quarantine/demo.public.remark").then().statusCode(200).body("refused", equalTo(1)));
        at(Stage.GATE).body("{\"count\":1,\"which\":\"REFUSED\",\"reason\":\"made by a test\"}").post("/quarantine/demo.public.remark/discard").then().statusCode(200);
        patience("it is hidden").untilAsserted(() -> purge().get("/erasures/" + erasure).then().body("state", equalTo("hidden")).body("recordsUntil", notNullValue()).body("proof", containsString(" looked at again")));
        stack.process(Stage.PURGE).kill();
        stack.process(Stage.PURGE).start();
        purge().get("/erasures/" + erasure).then().body("state", equalTo("hidden"));
        assertEquals("forget", row("SELECT string_agg(type, ', ') FROM millrace.outboxevent WHERE aggregatetype = 'person'"), "it was ordered once");
        return erasure;
    }

    private void erasedAndWithdrawnFromTheConsole() throws IOException {
        var erasure = at(Stage.CONSOLE).header("Idempotency-Key", "forget 9").body("{\"subject\": \"person\", \"key\": \"9\", \"reason\": \"asked for\"}").post("/api/erasures").then().statusCode(202).extract().<String>path("id");
        patience("they leave").until(() -> stack.index().get("people", "9") == null);
        patience("the console says so").untilAsserted(() -> at(Stage.CONSOLE).get("/api/erasures?state=hidden").then().statusCode(200).body("id", hasItem(erasure)));
        at(Stage.CONSOLE).body("{\"reason\": \"it was somebody else\"}").post("/api/erasures/" + erasure + "/withdrawal").then().statusCode(202).body("state", equalTo("ended"));
        patience("they are back").until(() -> stack.index().get("people", "9") != null);
        agrees("people-2");
        agrees("remarks");
    }

    private boolean shown(String alias) {
        return stack.index().read(alias).values().stream().anyMatch(document -> document.contains(MARKER));
    }

    private void assertGone(String when) {
        for (var alias : List.of("people", "remarks")) {
            assertFalse(shown(alias), () -> alias + " " + when + ": " + stack.index().read(alias));
        }
        assertEquals(39, stack.index().count("people"), when);
    }

    private List<ConsumerRecord<byte[], byte[]>> marked(String topic) {
        return topics.read(topic).stream().filter(record -> record.value() != null && new String(record.value(), ISO_8859_1).contains(MARKER)).toList();
    }

    /** The topics are compacted at once, as they are by and by; a record that comes later closes the segments. Whoever reads them keeps its deletions again afterwards. */
    private void assertNoBytesInTopics() throws Exception {
        var all = new TreeSet<String>();
        try (var admin = Admin.create(Map.copyOf(stack.stack().servers().kafkaAdmin()))) {
            admin.listTopics().names().get().stream().filter(topic -> topic.contains("people") || topic.contains("remark") || topic.contains("forgettable")).forEach(all::add);
            var names = new TreeSet<>(AT_ONCE.keySet());
            names.add("retention.ms");
            var before = present(admin, all, names);
            change(admin, all, topic -> set(AT_ONCE));
            change(admin, all.stream().filter(topic -> topic.startsWith(Topics.CAPTURED)).toList(), topic -> set(Map.of("retention.ms", "1000")));
            try {
                Awaitility.await("no topic has the bytes").pollInterval(Duration.ofSeconds(5)).atMost(Duration.ofMinutes(6)).untilAsserted(() -> {
                    change("UPDATE public.forgettable SET name = name || '.' WHERE id <> 7; UPDATE public.remark SET body = body || '.' WHERE author_id <> 7");
                    assertEquals(List.of(), all.stream().filter(topic -> !marked(topic).isEmpty()).toList());
                });
            } finally {
                change(admin, all, before::get);
            }
        }
    }

    /** By topic, what makes its settings what they are now. */
    private static Map<String, Collection<AlterConfigOp>> present(Admin admin, Collection<String> topics, Set<String> names) throws Exception {
        var present = new HashMap<String, Collection<AlterConfigOp>>();
        admin.describeConfigs(topics.stream().map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList()).all().get().forEach((topic, settings) -> present.put(topic.name(), names.stream().map(settings::get)
                .map(entry -> entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG ? new AlterConfigOp(new ConfigEntry(entry.name(), entry.value()), AlterConfigOp.OpType.SET) : new AlterConfigOp(new ConfigEntry(entry.name(), null), AlterConfigOp.OpType.DELETE)).toList()));
        return present;
    }

    private static Collection<AlterConfigOp> set(Map<String, String> settings) {
        return settings.entrySet().stream().map(e -> new AlterConfigOp(new ConfigEntry(e.getKey(), e.getValue()), AlterConfigOp.OpType.SET)).toList();
    }

    private static void change(Admin admin, Collection<String> topics, Function<String, Collection<AlterConfigOp>> to) throws Exception {
        admin.incrementalAlterConfigs(topics.stream().collect(Collectors.toMap(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic), to))).all().get();
    }

    /** Segments are merged at once, and the join's folder is filled anew from its changelogs, as happens by and by. */
    private void assertNoBytesOnDisk() throws Exception {
        stack.process(Stage.DENORMALIZER).stop();
        DemoStack.delete(folder("denormalizer"));
        stack.process(Stage.DENORMALIZER).start();
        fresh();
        // What it has in memory goes to disk when it stops.
        stack.process(Stage.DENORMALIZER).stop();
        try {
            assertEquals(List.of(), markedFiles("denormalizer"));
            Awaitility.await("no segment has the bytes").pollInterval(Duration.ofSeconds(2)).atMost(Duration.ofMinutes(3)).untilAsserted(() -> {
                stack.index().ask("POST", "/people*,remarks*/_forcemerge?max_num_segments=1", null);
                stack.index().ask("POST", "/people*,remarks*/_flush?force=true", null);
                assertEquals(List.of(), markedFiles("search"));
            });
        } finally {
            stack.process(Stage.DENORMALIZER).start();
        }
    }

    private Path folder(String name) {
        return stack.stack().options().data().resolve(name);
    }

    /** Files that hold the marker's bytes. */
    private List<Path> markedFiles(String folder) throws IOException {
        try (var files = Files.walk(folder(folder))) {
            return files.filter(Files::isRegularFile).filter(SubjectErasureIT::isMarked).toList();
        }
    }

    private static boolean isMarked(Path file) {
        try {
            return new String(Files.readAllBytes(file), ISO_8859_1).contains(MARKER);
        } catch (NoSuchFileException _) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fresh() throws Exception {
        var position = row("SELECT pg_current_wal_insert_lsn()::text");
        for (var pipeline : List.of("people", "remarks")) {
            patience(pipeline + " is fresh").untilAsserted(() -> purge().queryParam("position", position).queryParam("wait", "5s").get("/pipelines/" + pipeline + "/freshness").then().statusCode(200).body("fresh", equalTo(true)));
        }
    }

    private void agrees(String pipeline) throws IOException {
        var id = purge().body("{}").post("/pipelines/" + pipeline + "/verifications").then().statusCode(202).extract().<String>path("id");
        patience("the verification ends").untilAsserted(() -> purge().get("/verifications/" + id).then().statusCode(200).body("state", equalTo("agrees")));
    }

    private void restart() {
        for (var stage : Stage.values()) {
            stack.process(stage).kill();
            stack.process(stage).launch();
        }
        List.of(Stage.values()).forEach(stage -> stack.process(stage).awaitReady());
    }

    private void change(String sql) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private String row(String sql) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private RequestSpecification purge() throws IOException {
        return at(Stage.PURGE);
    }

    private RequestSpecification at(Stage stage) throws IOException {
        return RestAssured.given().baseUri(stack.address(stage).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofMinutes(3));
    }
}
