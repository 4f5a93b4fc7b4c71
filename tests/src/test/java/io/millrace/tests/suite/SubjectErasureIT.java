package io.millrace.tests.suite;

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
import io.millrace.tests.stack.Remains;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
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
    private final Remains remains;

    SubjectErasureIT(DemoStack stack) {
        this.stack = stack;
        this.topics = new RawTopics(stack);
        this.remains = new Remains(stack, MARKER);
    }

    @Test
    void whoIsErasedDoesNotComeBack() throws Exception {
        stack.settled().await();
        stack.execute("CREATE TABLE public.forgettable (id int PRIMARY KEY, name text, mentor_id int); CREATE TABLE public.remark (id int PRIMARY KEY, about_id int, author_id int, body text)");
        stack.execute("INSERT INTO public.forgettable SELECT i, CASE i WHEN 7 THEN '" + MARKER + "' ELSE 'person ' || i END, 1 + i % 8 FROM generate_series(1, 40) i");
        stack.execute("INSERT INTO public.remark SELECT i, 1 + i % 40, 1 + i % 10, CASE 1 + i % 10 WHEN 7 THEN '" + MARKER + "' ELSE 'said ' || i END FROM generate_series(1, 200) i");
        var files = List.of(Files.writeString(stack.pipelines().resolve("people.yaml"), PEOPLE), Files.writeString(stack.pipelines().resolve("remarks.yaml"), REMARKS));
        var later = stack.pipelines().resolve("people-2.yaml");
        try {
            stack.provision();
            stack.killAndRestart();
            patience("all are there").until(() -> stack.index().count("people") == 40 && stack.index().count("remarks") == 200);
            assertTrue(shown("people") && shown("remarks"));
            stack.index().ask("POST", "/people,remarks/_flush", null);
            assertFalse(remains.inFiles("search").isEmpty(), "the marker is found in files when it is there");
            var erasure = erasedThoughATableIsParked();
            assertGone("after the erasure");
            assertFalse(remains.inTopic(Topics.captured("demo", PERSON)).isEmpty());
            for (var record : topics.read(Topics.captured("demo", PERSON))) {
                topics.resend(record);
            }
            stack.execute("UPDATE public.forgettable SET name = '" + MARKER + " again' WHERE id = 7; UPDATE public.remark SET body = '" + MARKER + " again' WHERE author_id = 7; INSERT INTO public.remark VALUES (1001, 3, 7, '" + MARKER + " new')");
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
            stack.killAndRestart();
            patience("the later generation is served").until(() -> stack.index().ask("GET", "/people/_search?size=50", null).toString().contains("title"));
            fresh();
            assertGone("after a rebuild and a restart of everything");
            agrees("people-2");
            agrees("remarks");
            purge().get("/erasures/" + erasure).then().statusCode(200).body("state", equalTo("hidden"));
            remains.assertGoneFromTopics(topic -> topic.contains("people") || topic.contains("remark") || topic.contains("forgettable"),
                    () -> stack.execute("UPDATE public.forgettable SET name = name || '.' WHERE id <> 7; UPDATE public.remark SET body = body || '.' WHERE author_id <> 7"));
            remains.assertGoneFromDisks("/people*,remarks*", this::fresh);
            stack.execute("DELETE FROM public.forgettable WHERE id = 7");
            stack.execute("INSERT INTO public.forgettable VALUES (7, 'somebody else', NULL)");
            patience("a key that is created anew comes").until(() -> stack.index().get("people", "7") != null);
            patience("the erasure has ended").untilAsserted(() -> purge().get("/erasures/" + erasure).then().body("state", equalTo("ended")).body("endedBy", equalTo("source")));
            erasedAndWithdrawnFromTheConsole();
        } finally {
            for (var file : files) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(later);
            stack.execute("DROP TABLE public.forgettable, public.remark");
            stack.killAndRestart();
        }
        stack.settled().await();
    }

    /** The purge service is killed in each state. */
    private String erasedThoughATableIsParked() throws Exception {
        topics.send(new ProducerRecord<>(Topics.captured("demo", REMARK), 0, "junk".getBytes(UTF_8), "not Avro".getBytes(UTF_8)));
        patience("the table is parked").until(() -> !topics.read(Topics.quarantine("demo", REMARK)).isEmpty());
        stack.execute("UPDATE public.remark SET body = body || ' parked'");
        patience("the subject is in the quarantine").until(() -> !remains.inTopic(Topics.quarantine("demo", REMARK)).isEmpty());
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
        assertEquals("forget", stack.value("SELECT string_agg(type, ', ') FROM millrace.outboxevent WHERE aggregatetype = 'person'"), "it was ordered once");
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

    private void fresh() throws Exception {
        var position = stack.value("SELECT pg_current_wal_insert_lsn()::text");
        for (var pipeline : List.of("people", "remarks")) {
            patience(pipeline + " is fresh").untilAsserted(() -> purge().queryParam("position", position).queryParam("wait", "5s").get("/pipelines/" + pipeline + "/freshness").then().statusCode(200).body("fresh", equalTo(true)));
        }
    }

    private void agrees(String pipeline) throws IOException {
        var id = purge().body("{}").post("/pipelines/" + pipeline + "/verifications").then().statusCode(202).extract().<String>path("id");
        patience("the verification ends").untilAsserted(() -> purge().get("/verifications/" + id).then().statusCode(200).body("state", equalTo("agrees")));
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
