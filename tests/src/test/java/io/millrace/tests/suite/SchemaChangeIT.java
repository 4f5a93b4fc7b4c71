package io.millrace.tests.suite;

import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Migrations while rows change: what is compatible flows, what is not parks its own table and comes back whole. */
@Tag("long")
@ExtendWith(SharedStack.class)
class SchemaChangeIT {

    private static final int RATE = 150;
    private static final TableName TEAM = new TableName("public", "team");
    private static final String TABLE = "demo.public.team";
    /** Another one: with a transitive rule what was accepted for a table weighs on its later changes. */
    private static final TableName TAG = new TableName("public", "tag");
    private static final TableName MONITOR = new TableName("public", "monitor");
    private static final TableName MONITOR_TAG = new TableName("public", "monitor_tag");
    /** Of traffic, for each window in which latency is looked at. */
    private static final int TRANSACTIONS = 150;
    /** Rows in such a window. */
    private static final int FEWEST = 20;
    /** By so much medians differ on a busy machine with nothing changed. */
    private static final int CHANCE_MILLIS = 20;
    /** The registry is asked for the schema, for its rule, and to take it. */
    private static final Duration LONGEST_QUESTIONS = Duration.ofSeconds(3);

    private final DemoStack stack;
    private final RawTopics topics;

    SchemaChangeIT(DemoStack stack) {
        this.stack = stack;
        this.topics = new RawTopics(stack);
    }

    @Test
    void aCompatibleChangeUnderLoadIsCarriedByTheNextRecordWithoutAPause() throws Exception {
        stack.settled().await();
        long changed;
        long end;
        try (var traffic = BackgroundTraffic.start(stack, 400, RATE)) {
            traffic(traffic);
            var before = lastSchema();
            changed = Headers.nowMicros();
            sql("ALTER TABLE public.tag ADD COLUMN note text", "UPDATE public.tag SET note = 'n' || id WHERE id IN (SELECT id FROM public.tag ORDER BY id LIMIT 5)");
            patience("rows of the new schema are there").until(() -> schemas().size() > 1 && lastSchema() != before);
            traffic(traffic);
            end = Headers.nowMicros();
            traffic.stop();
        }
        stack.settled().await();
        var newest = lastSchema();
        var first = topics.read(Topics.rows("demo", TAG)).stream().filter(r -> r.value() != null && WireFormat.schemaId(r.value()) == newest).findFirst().orElseThrow();
        var firstAdded = Percentiles.ofMicros(new long[] {added(first)});
        var others = added(List.of(MONITOR, MONITOR_TAG, TEAM), changed, end);
        System.out.println("From capture to the gate's word\n" + Percentiles.head() + "\n" + firstAdded.row("the first row of the new schema") + "\n" + others.row("other tables meanwhile"));
        // It costs the questions to the registry, once, and no more.
        assertTrue(firstAdded.max() < others.max() + LONGEST_QUESTIONS.toMillis(), () -> firstAdded + " against " + others);
        gate().get("/quarantine").then().statusCode(200).body("findAll { it.table == 'demo.public.tag' }.size()", equalTo(0));
    }

    @Test
    void anIncompatibleChangeUnderLoadParksItsTableInOrderAndAcceptAndReplayMakeEveryDocumentRight() throws Exception {
        stack.settled().await();
        List<ConsumerRecord<byte[], byte[]>> parked;
        try (var traffic = BackgroundTraffic.start(stack, 401, RATE)) {
            traffic(traffic);
            long begin = Headers.nowMicros();
            traffic(traffic);
            long changed = Headers.nowMicros();
            sql("ALTER TABLE public.team ADD COLUMN region text NOT NULL DEFAULT 'north'", "UPDATE public.team SET name = name || ' moved' WHERE id IN (SELECT id FROM public.team ORDER BY id LIMIT 5)");
            patience("the table is parked").untilAsserted(() -> gate().get("/quarantine/" + TABLE).then().statusCode(200).body("state", equalTo("parked"))
                    .body("cause.reason", equalTo("schema-refused")).body("cause.rule", equalTo("FULL_TRANSITIVE")).body("cause.difference.find { it.field == 'region' }.is", equalTo("string (text)")));
            long since = Headers.nowMicros();
            sql("UPDATE public.team SET name = name || ' again' WHERE id IN (SELECT id FROM public.team ORDER BY id LIMIT 5)",
                    "UPDATE public.monitor SET name = 'besidetheparked' WHERE id = (SELECT max(id) FROM public.monitor)");
            traffic(traffic);
            patience("other tables flow while one is parked").until(() -> stack.index().search("monitors", "{\"match\":{\"name\":\"besidetheparked\"}}").size() == 1);
            othersAreAsFastAsBefore(begin, changed, since);
            parked = topics.read(Topics.quarantine("demo", TEAM));
            assertEquals("schema-refused", Headers.text(parked.getFirst().headers(), Headers.REASON));
            assertFalse(Headers.text(parked.getFirst().headers(), "millrace-difference").isBlank());
            assertInOrder(parked);
            nothingHasPassedBehind(parked);
            killGate();
            decide("accept");
            killGate();
            decide("replay");
            killGate();
            patience("the table flows again").untilAsserted(() -> gate().get("/quarantine/" + TABLE).then().statusCode(200).body("state", equalTo("flowing")).body("records", equalTo(0)));
            traffic.stop();
        }
        stack.settled().await();
        // Before its rows are read again, which ends with a truncate below what was changed meanwhile.
        assertInOrder(topics.read(Topics.rows("demo", TEAM)));
        oldRowsAreReadAgain();
        anOlderRowAgainChangesNoDocument(parked);
    }

    /** The column came with a value for rows that stood there; no document shows it. */
    private void oldRowsAreReadAgain() throws IOException {
        RestAssured.given().baseUri(stack.address(Stage.CAPTURE).toString()).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip()).post("/resnapshots?table=public.team").then().statusCode(200);
        patience("capture is whole").untilAsserted(() -> RestAssured.given().baseUri(stack.address(Stage.CAPTURE).toString()).get("/q/health/ready").then().statusCode(200));
        stack.settled().await();
    }

    private void traffic(BackgroundTraffic traffic) {
        long until = traffic.transactions() + TRANSACTIONS;
        patience("there is traffic").until(() -> traffic.transactions() > until);
    }

    /** Of the tables that nothing was changed about, before the migration and while its table is parked. */
    private void othersAreAsFastAsBefore(long begin, long changed, long since) {
        var tables = List.of(MONITOR, MONITOR_TAG, TAG);
        var before = added(tables, begin, changed);
        var meanwhile = added(tables, since, Headers.nowMicros());
        System.out.println("From capture to the gate's word, of other tables\n" + Percentiles.head() + "\n" + before.row("before the migration") + "\n" + meanwhile.row("while its table is parked"));
        assertTrue(before.count() >= FEWEST && meanwhile.count() >= FEWEST, () -> before + " and " + meanwhile);
        assertTrue(meanwhile.p50() < 2 * before.p50() + CHANCE_MILLIS, () -> meanwhile + " against " + before);
    }

    /** What the gate has added to the way of rows that were captured within a time. */
    private Percentiles added(List<TableName> tables, long fromMicros, long toMicros) {
        return Percentiles.ofMicros(tables.stream().flatMap(t -> topics.read(Topics.rows("demo", t)).stream()).filter(r -> {
            long captured = Headers.number(r.headers(), Headers.CAPTURED, 0);
            return captured >= fromMicros && captured < toMicros;
        }).mapToLong(SchemaChangeIT::added).toArray());
    }

    private static long added(ConsumerRecord<byte[], byte[]> record) {
        return Headers.number(record.headers(), Headers.GATED, 0) - Headers.number(record.headers(), Headers.CAPTURED, 0);
    }

    /** What is parked holds up all that comes later, and only that. */
    private void nothingHasPassedBehind(List<ConsumerRecord<byte[], byte[]>> parked) {
        var first = new HashMap<Integer, Position>();
        parked.forEach(r -> first.putIfAbsent(r.partition(), Headers.position(r.headers())));
        for (var row : topics.read(Topics.rows("demo", TEAM))) {
            var barrier = first.get(row.partition());
            assertTrue(barrier == null || Headers.position(row.headers()).isBefore(barrier), () -> Headers.position(row.headers()) + " has overtaken " + barrier);
        }
    }

    /** As a replay of what was replayed before would write it. */
    private void anOlderRowAgainChangesNoDocument(List<ConsumerRecord<byte[], byte[]>> parked) throws InterruptedException, SQLException {
        for (var record : parked.subList(0, Math.min(5, parked.size()))) {
            topics.send(new ProducerRecord<>(Topics.rows("demo", TEAM), record.partition(), record.key(), record.value(), record.headers()));
        }
        stack.settled().await();
        // The topic's last record of each of these rows is its newest again.
        sql("UPDATE public.team SET name = name || ' at last'");
        stack.settled().await();
    }

    /** Apart from records that a crash has repeated, no partition goes back. */
    private static void assertInOrder(List<ConsumerRecord<byte[], byte[]>> records) {
        Map<Integer, Position> newest = new HashMap<>();
        var seen = new HashSet<Position>();
        for (var record : records) {
            var position = Headers.position(record.headers());
            if (seen.add(position)) {
                var before = newest.put(record.partition(), position);
                assertTrue(before == null || !position.isBefore(before), () -> position + " was overtaken by " + before);
            }
        }
    }

    private HashSet<Integer> schemas() {
        var ids = new HashSet<Integer>();
        topics.read(Topics.rows("demo", TAG)).stream().filter(r -> r.value() != null).forEach(r -> ids.add(WireFormat.schemaId(r.value())));
        return ids;
    }

    private int lastSchema() {
        return schemas().stream().max(Integer::compare).orElseThrow();
    }

    private void killGate() {
        stack.process(Stage.GATE).kill();
        stack.process(Stage.GATE).start();
    }

    /** Until the gate says that it is done. */
    private void decide(String action) {
        patience(action + " is done").untilAsserted(() -> gate().body("{\"reason\":\"made by a test\"}").post("/quarantine/" + TABLE + "/" + action).then().statusCode(200));
    }

    private void sql(String... statements) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private RequestSpecification gate() throws IOException {
        return RestAssured.given().baseUri(stack.address(Stage.GATE).toString()).contentType(ContentType.JSON)
                .header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofSeconds(90)).ignoreExceptions();
    }
}
