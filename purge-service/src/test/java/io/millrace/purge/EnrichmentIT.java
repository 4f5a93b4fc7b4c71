package io.millrace.purge;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What others add to documents, by HTTP and by the topic for jobs, on a real database and broker. */
class EnrichmentIT {

    private static final String PROBLEM = "application/problem+json";
    private static final String ENRICHMENT = "/pipelines/{pipeline}/documents/{id}/enrichment";
    private static final String TOPIC = Topics.enrichment("enriched");
    private static final String PARKED = Topics.quarantineDocuments("enriched");

    private static Stack stack;
    private static ManagedProcess purge;
    private static KafkaProducer<String, String> jobs;

    @BeforeAll
    static void start() throws Exception {
        stack = Stack.start();
        stack.purge.stop();
        stack.sql("CREATE TABLE public.enriched (id bigint, \"No\" text, hidden boolean NOT NULL DEFAULT false, PRIMARY KEY (id, \"No\"))",
                "CREATE TABLE public.added (monitor bigint, number text, fields jsonb NOT NULL, PRIMARY KEY (number, monitor), FOREIGN KEY (monitor, number) REFERENCES public.enriched (id, \"No\") ON DELETE CASCADE)",
                "CREATE TABLE millrace.enrichment_taken (pipeline text NOT NULL, topic text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL, PRIMARY KEY (pipeline, topic, partition))",
                "GRANT SELECT ON public.enriched TO reader", "GRANT SELECT, INSERT, UPDATE, DELETE ON public.added TO reader", "GRANT SELECT, INSERT, UPDATE ON millrace.enrichment_taken TO reader");
        try (var admin = Admin.create(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()))) {
            admin.createTopics(List.of(TOPIC, PARKED, Topics.documents("enriched")).stream().map(topic -> new NewTopic(topic, 2, (short) 1)).toList()).all().get();
        }
        jobs = new KafkaProducer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new StringSerializer(), new StringSerializer());
        purge = stack.process("enriching", stack.freePort(), Map.of("millrace.purge.pipelines", Stack.file("enriched.yaml") + "," + Stack.file("monitors.yaml"), "millrace.purge.changes-per-minute", "100000", "millrace.http.changes-per-second", "1000", "kafka.session.timeout.ms", "6000"));
        purge.start();
    }

    @AfterAll
    static void stop() {
        if (jobs != null) {
            jobs.close();
        }
        if (purge != null) {
            purge.stop();
        }
        stack.close();
    }

    @BeforeEach
    void rows() throws Exception {
        stack.sql("INSERT INTO public.enriched SELECT i, 'a' FROM generate_series(1, 60) i ON CONFLICT DO NOTHING");
    }

    @Test
    void aPatchIsMergedAndWhatIsTakenAwayIsGone() throws Exception {
        patch("1|a", "{\"mood\": \"calm\", \"raw\": {\"a\": {\"b\": 1, \"c\": [1, null]}, \"d\": 1.50}}").statusCode(200).body("pipeline", equalTo("enriched")).body("document", equalTo("1|a")).body("enrichment.mood", equalTo("calm")).body("position", matchesPattern("[0-9A-F]+/[0-9A-F]+"));
        patch("1|a", "{\"raw\": {\"a\": {\"b\": null, \"e\": true}}, \"count\": 7, \"day\": [\"2026-01-31\", \"2026-01-31T12:00:00Z\"]}").statusCode(200);
        assertEquals("{\"day\": [\"2026-01-31\", \"2026-01-31T12:00:00Z\"], \"raw\": {\"a\": {\"c\": [1, null], \"e\": true}, \"d\": 1.50}, \"mood\": \"calm\", \"count\": 7}", added(1));
        caller().get(ENRICHMENT, "enriched", "1|a").then().statusCode(200).body("enrichment.raw.a.e", equalTo(true));
        var version = stack.row("SELECT xmin FROM public.added WHERE monitor = 1");
        patch("1|a", "{\"count\": 7}").statusCode(200);
        assertEquals(version, stack.row("SELECT xmin FROM public.added WHERE monitor = 1"), "what changes nothing writes nothing");
        patch("1|a", "{\"day\": null, \"raw\": null, \"mood\": null, \"count\": null}").statusCode(200).body("enrichment", equalTo(Map.of()));
        assertNull(added(1));
        caller().get(ENRICHMENT, "enriched", "1|a").then().statusCode(404).contentType(PROBLEM);
    }

    @Test
    void changesOfOneDocumentAtTheSameTimeAreAllKept() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new ArrayList<java.util.concurrent.Future<?>>();
            for (int i = 0; i < 40; i++) {
                var field = "n" + i;
                all.add(threads.submit(() -> patch("2|a", "{\"raw\": {\"" + field + "\": 1}}").statusCode(200)));
                jobs.send(new ProducerRecord<>(TOPIC, "2|a", "{\"raw\": {\"job" + field + "\": 1}}"));
            }
            for (var one : all) {
                one.get();
            }
        }
        patience("all are there").untilAsserted(() -> assertEquals("80", stack.row("SELECT count(*) FROM public.added, jsonb_object_keys(fields -> 'raw') WHERE monitor = 2")));
    }

    @Test
    void whatCannotBeMeantIsRefusedWithTheReasonAndNothingIsWritten() throws Exception {
        stack.sql("INSERT INTO public.enriched VALUES (900, 'hidden', true)");
        for (var wrong : new TreeMap<>(Map.of("{\"mod\": 1}", "names no field 'mod'", "[]", "no JSON object", "{\"mood\": 1}", "'mood' is keyword", "{\"count\": 1.5}", "'count' is long", "{\"count\": \"1\"}", "'count' is long", "{\"day\": \"soon\"}", "'day' is date",
                "{\"seen\": 0}", "'seen' is boolean", "{\"mood\": {}}", "'mood' is keyword", "{", "no JSON", "{\"raw\": \"\\u0000\"}", "U+0000")).entrySet()) {
            patch("3|a", wrong.getKey()).statusCode(400).contentType(PROBLEM).body("why", containsString(wrong.getValue()));
        }
        for (var wrong : Map.of("{\"raw\": \"\\ud800\"}", "surrogate", "{\"raw\": 1e400}", "310 places", "{\"raw\": " + "[".repeat(40) + "]".repeat(40) + "}", "32 levels deep", "{\"score\": true}", "'score' is double", "{\"words\": [\"a\", 1]}", "'words' is text", "{\"mood\": \"a\", \"mood\": \"b\"}", "stands twice").entrySet()) {
            patch("3|a", wrong.getKey()).statusCode(400).contentType(PROBLEM).body("why", containsString(wrong.getValue()));
        }
        assertNull(added(3));
        for (var nobody : List.of("4711|a", "03|a", "900|hidden")) {
            patch(nobody, "{\"mood\": \"x\"}").statusCode(404).contentType(PROBLEM).body("why", containsString("no row of public.enriched makes this document now"));
        }
        for (var nobody : List.of("3", "a|b|c", "sha256-" + "0".repeat(64))) {
            patch(nobody, "{\"mood\": \"x\"}").statusCode(400).contentType(PROBLEM);
        }
        patch("word|a", "{\"mood\": \"x\"}").statusCode(404);
        caller().body("{}").patch(ENRICHMENT, "monitors", "1").then().statusCode(409).contentType(PROBLEM).body("why", containsString("does not say that its documents are enriched"));
        caller().body("{}").patch(ENRICHMENT, "nobody", "1").then().statusCode(404).contentType(PROBLEM).body("known", equalTo(List.of("enriched", "monitors")));
        given().baseUri(address()).contentType("application/json").body("{}").patch(ENRICHMENT, "enriched", "3|a").then().statusCode(401);
    }

    @Test
    void anObjectThatWouldBeTooLargeIsRefusedAndWhatIsThereStays() throws Exception {
        for (int i = 0; i < 5; i++) {
            patch("4|a", "{\"raw\": {\"part" + i + "\": \"" + "x".repeat(50_000) + "\"}}").statusCode(200);
        }
        patch("4|a", "{\"raw\": {\"part5\": \"" + "x".repeat(50_000) + "\"}}").statusCode(400).body("why", containsString("262144 are the most"));
        assertEquals("5", stack.row("SELECT count(*) FROM public.added, jsonb_object_keys(fields -> 'raw') WHERE monitor = 4"));
        patch("4|a", "{\"raw\": \"" + "x".repeat(70_000) + "\"}").statusCode(413);
    }

    @Test
    void whatIsErasedIsGoneAtOnceAndNothingIsAddedAnyMore() throws Exception {
        patch("5|a", "{\"mood\": \"calm\"}").statusCode(200);
        caller().header("Idempotency-Key", UUID.randomUUID().toString()).body("{\"reason\": \"asked for\"}").post("/pipelines/enriched/documents/5|a/erasure").then().statusCode(202);
        assertNull(added(5));
        patch("5|a", "{\"mood\": \"back\"}").statusCode(409).contentType(PROBLEM).body("why", containsString("asked to erase it"));
        jobs.send(new ProducerRecord<>(TOPIC, "5|a", "{\"mood\": \"back\"}")).get();
        patience("it is set aside").untilAsserted(() -> assertTrue(parked("5|a").getLast().contains("asked to erase it")));
        assertNull(added(5));
        caller().header("Idempotency-Key", UUID.randomUUID().toString()).body("{\"reason\": \"asked for\"}").post("/pipelines/enriched/documents/no key/erasure").then().statusCode(202);
    }

    @Test
    void whatALaterGenerationWasAskedToEraseIsErasedWhenItsFileIsGone() throws Exception {
        patch("60|a", "{\"mood\": \"calm\"}").statusCode(200);
        var later = Files.writeString(stack.servers.data().resolve("enriched-2.yaml"), Files.readString(Stack.file("enriched.yaml")).replace("name: enriched\n", "name: enriched-2\nreplaces: [enriched]\nindex: {name: enriched}\n"));
        int port = stack.freePort() + 1;
        var both = stack.process("both", port, Map.of("millrace.purge.pipelines", Stack.file("enriched.yaml") + "," + later, "millrace.purge.group", "both"));
        both.start();
        try {
            caller().baseUri("http://localhost:" + port).header("Idempotency-Key", UUID.randomUUID().toString()).body("{\"reason\": \"asked for\"}").post("/pipelines/enriched-2/documents/60|a/erasure").then().statusCode(202);
        } finally {
            both.stop();
        }
        assertNull(added(60));
        patch("60|a", "{\"mood\": \"back\"}").statusCode(409).contentType(PROBLEM).body("why", containsString("asked to erase it"));
        assertNull(added(60));
    }

    @Test
    void whatWasAddedToDocumentsOfASubjectGoesWithTheSubject() throws Exception {
        patch("8|a", "{\"mood\": \"calm\"}").statusCode(200);
        patch("9|a", "{\"mood\": \"calm\"}").statusCode(200);
        caller().header("Idempotency-Key", UUID.randomUUID().toString()).body("{\"subject\": \"holder\", \"key\": \"8\", \"reason\": \"asked for\"}").post("/erasures").then().statusCode(202);
        assertNull(added(8));
        assertEquals("{\"mood\": \"calm\"}", added(9));
        patch("8|a", "{\"mood\": \"back\"}").statusCode(404).contentType(PROBLEM);
        assertNull(added(8));
    }

    @Test
    void anErasureAndManyPatchesAtTheSameTimeLeaveNothing() throws Exception {
        for (int round = 0; round < 10; round++) {
            stack.sql("INSERT INTO public.enriched VALUES (" + (1_000 + round) + ", 'a')");
            var id = (1_000 + round) + "|a";
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var patches = IntStream.range(0, 8).mapToObj(i -> threads.submit(() -> patch(id, "{\"count\": " + i + "}").extract().statusCode())).toList();
                caller().header("Idempotency-Key", UUID.randomUUID().toString()).body("{\"reason\": \"asked for\"}").post("/pipelines/enriched/documents/" + id + "/erasure").then().statusCode(202);
                for (var one : patches) {
                    assertTrue(List.of(200, 409).contains(one.get()), () -> one.resultNow().toString());
                }
            }
            assertNull(stack.row("SELECT fields FROM public.added WHERE monitor = " + (1_000 + round)));
        }
    }

    @Test
    void aRecordThatCannotBeTakenIsSetAsideAndTheNextIsTaken() throws Exception {
        for (var poison : List.of("{", "null", "{\"mod\": 1}", "{\"count\": \"many\"}", "[".repeat(100_000))) {
            jobs.send(new ProducerRecord<>(TOPIC, "6|a", poison));
        }
        jobs.send(new ProducerRecord<>(TOPIC, 0, null, "{}"));
        jobs.send(new ProducerRecord<>(TOPIC, "nobody|a|b", "{}"));
        jobs.send(new ProducerRecord<>(TOPIC, "6|a", "{\"mood\": \"calm\"}"));
        jobs.send(new ProducerRecord<>(TOPIC, "7|a", "{\"mood\": \"calm\"}"));
        jobs.send(new ProducerRecord<>(TOPIC, "7|a", null));
        patience("what is right is taken").untilAsserted(() -> assertEquals("{\"mood\": \"calm\"}", added(6)));
        patience("what is wrong is set aside").untilAsserted(() -> assertEquals(5, parked("6|a").size()));
        assertTrue(parked("6|a").get(2).matches("enrichment-refused: Record \\d+ of enrichment.enriched-\\d was not added to its document: Enriching the document '6\\|a' of the pipeline 'enriched' failed: the pipeline's file names no field 'mod'.*"), parked("6|a")::toString);
        patience("all of them").untilAsserted(() -> assertEquals(List.of(1, 1), List.of(parked("nobody|a|b").size(), parked(null).size())));
        assertNull(added(7));
        patience("they are counted").untilAsserted(() -> assertTrue(given().baseUri(address()).get("/q/metrics").asString().lines().anyMatch(line -> line.startsWith("millrace_records_total") && line.contains("pipeline=\"enriched\"") && line.contains("outcome=\"refused\""))));
    }

    /** The service is killed over and over, by which records come again; a field that HTTP has written since must not go back. */
    @Test
    void aRecordCountsOnceThoughTheServiceIsKilled() throws Exception {
        var random = new Random(7);
        var expected = new TreeMap<Integer, Integer>();
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < 300; i++) {
                int document = 10 + random.nextInt(40);
                expected.merge(document, 1, Integer::sum);
                jobs.send(new ProducerRecord<>(TOPIC, document + "|a", "{\"raw\": {\"r" + expected.get(document) + "\": " + expected.get(document) + "}, \"count\": " + expected.get(document) + "}"));
            }
            jobs.flush();
            Thread.sleep(random.nextInt(300));
            purge.kill();
            patience("its transactions are over").until(() -> stack.row("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'").equals("0"));
            // What an operator does by SQL or HTTP after a record was taken; a record that counted twice would undo it.
            stack.sql("UPDATE public.added SET fields = fields || '{\"count\": -1}' WHERE monitor BETWEEN 10 AND 49");
            var taken = new TreeMap<Integer, String>();
            for (var document : expected.keySet()) {
                taken.put(document, String.valueOf(stack.row("SELECT count(*) FROM public.added, jsonb_object_keys(fields -> 'raw') WHERE monitor = " + document)));
            }
            purge.start();
            patience("all are taken").untilAsserted(() -> {
                for (var document : expected.entrySet()) {
                    assertEquals(document.getValue().toString(), stack.row("SELECT count(*) FROM public.added, jsonb_object_keys(fields -> 'raw') WHERE monitor = " + document.getKey()));
                }
            });
            for (var document : expected.entrySet()) {
                boolean isWhole = taken.get(document.getKey()).equals(document.getValue().toString());
                assertEquals(isWhole ? "-1" : document.getValue().toString(), stack.row("SELECT fields ->> 'count' FROM public.added WHERE monitor = " + document.getKey()), "document " + document.getKey() + " in round " + round);
            }
        }
    }

    @Test
    void aDatabaseThatIsAwayHasRecordsWaitAndNoneIsLost() throws Exception {
        stack.servers.postgres().stop();
        try {
            jobs.send(new ProducerRecord<>(TOPIC, "50|a", "{\"mood\": \"patient\"}")).get();
            patience("health says so").untilAsserted(() -> assertTrue(given().baseUri(address()).get("/q/health/ready").asString().contains("what jobs add to documents waits")));
        } finally {
            stack.servers.postgres().start();
        }
        patience("it is taken").untilAsserted(() -> assertEquals("{\"mood\": \"patient\"}", added(50)));
        patience("health says nothing more").untilAsserted(() -> assertTrue(!given().baseUri(address()).get("/q/health/ready").asString().contains("enrichment")));
        assertEquals(200, given().baseUri(address()).get("/q/health/live").statusCode());
    }

    private static String added(int monitor) throws Exception {
        return stack.row("SELECT fields FROM public.added WHERE monitor = " + monitor);
    }

    /** Why records of this key were set aside, in their order. */
    private static List<String> parked(String key) {
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new StringDeserializer(), new StringDeserializer())) {
            var partitions = IntStream.range(0, 2).mapToObj(i -> new TopicPartition(PARKED, i)).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            var found = new ArrayList<String>();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    if (java.util.Objects.equals(record.key(), key)) {
                        found.add(Headers.text(record.headers(), Headers.REASON) + ": " + Headers.text(record.headers(), Headers.DETAIL));
                    }
                }
            }
            return found;
        }
    }

    private static String address() {
        return "http://localhost:" + stack.freePort();
    }

    private static RequestSpecification caller() {
        return given().baseUri(address()).contentType("application/json").header("Authorization", "Bearer " + Stack.TOKEN);
    }

    private static ValidatableResponse patch(String id, String patch) {
        return given().baseUri(address()).header("Content-Type", "application/merge-patch+json").header("Authorization", "Bearer " + Stack.TOKEN).body(patch.getBytes(java.nio.charset.StandardCharsets.UTF_8)).patch(ENRICHMENT, "enriched", id).then();
    }

    private static ConditionFactory patience(String what) {
        return await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofMinutes(2));
    }
}
