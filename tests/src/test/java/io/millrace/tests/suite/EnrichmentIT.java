package io.millrace.tests.suite;

import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.Remains;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What others add to documents stays there through changes of rows, kills, rebuilds, cutovers and back, never goes back, and goes with the document that is erased. */
@Tag("long")
@ExtendWith(SharedStack.class)
class EnrichmentIT {

    private static final String MARKER = "zymomarker";
    private static final String NAME = "leaflets";
    private static final String LATER = "leaflets-2";
    private static final String OTHER = "leaflets-3";
    private static final String TOPIC = Topics.enrichment(NAME);
    /** Those above come and go. */
    private static final int STEADY = 30;
    private static final int ALL = 60;
    private static final int ERASED = 7;
    private static final String FILE = """
            millrace: 1
            name: leaflets
            source: {name: demo, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}
            index: {name: leaflets}
            enrichment:
              table: public.leaflet_added
              join: {id: leaflet_id}
              fields: {count: long, mood: text, score: double, tags: keyword, raw: json}
            document:
              root: public.leaflet
              fields: [id, name]
              many:
                notes: {table: public.leaflet_note, join: {id: leaflet_id}, fields: [id, body]}
            """;

    private final DemoStack stack;
    private final RawTopics topics;
    private final Remains remains;
    private final Random random = new Random(21);
    /** What was added last, by document and field. */
    private final Map<Integer, Map<String, String>> expected = new TreeMap<>();

    EnrichmentIT(DemoStack stack) {
        this.stack = stack;
        this.topics = new RawTopics(stack);
        this.remains = new Remains(stack, MARKER);
    }

    @Test
    void whatWasAddedStaysUntilTheDocumentIsErased() throws Exception {
        stack.settled().await();
        stack.execute("CREATE TABLE public.leaflet (id int PRIMARY KEY, name text); CREATE TABLE public.leaflet_note (id int PRIMARY KEY, leaflet_id int, body text);"
                + " CREATE TABLE public.leaflet_added (leaflet_id int PRIMARY KEY REFERENCES public.leaflet (id) ON DELETE CASCADE, fields jsonb NOT NULL)");
        stack.execute("INSERT INTO public.leaflet SELECT i, 'leaflet ' || i FROM generate_series(1, " + ALL + ") i; INSERT INTO public.leaflet_note SELECT i, 1 + i % " + ALL + ", 'note' FROM generate_series(1, 120) i");
        var file = Files.writeString(stack.pipelines().resolve("leaflets.yaml"), FILE);
        var later = stack.pipelines().resolve("leaflets-2.yaml");
        try {
            stack.provision();
            stack.killAndRestart();
            patience("all are there").until(() -> stack.index().count(NAME) == ALL);
            var first = behindAlias();
            try (var meanwhile = new Meanwhile()) {
                throughKills();
                settles(NAME);
                var second = rebuilt();
                served(second);
                add(20);
                settles(NAME);
                served(first);
                add(20);
            }
            settles(NAME);
            Files.writeString(later, later(LATER));
            stack.provision();
            stack.killAndRestart();
            patience("the later generation is served").until(() -> stack.index().get(NAME, "1").contains("\"title\""));
            try (var meanwhile = new Meanwhile()) {
                add(20);
            }
            settles(LATER);
            erased();
            assertNoneLeft();
            Files.delete(later);
            stack.killAndRestart();
            patience("the alias goes back").until(() -> behindAlias().equals(first));
            settles(NAME);
            assertFalse(shown(), "it is gone from the generation before, too");
            // Its join begins with the rows, and knows no name but its own and that of the first.
            Files.writeString(later, later(OTHER));
            stack.provision();
            stack.killAndRestart();
            patience("another later generation is served").until(() -> stack.index().get(NAME, "1").contains("\"title\""));
            settles(OTHER);
            assertNull(stack.index().get(NAME, Integer.toString(ERASED)), "what was asked of the later generation that is gone");
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(later);
            stack.execute("DROP TABLE public.leaflet_added, public.leaflet_note, public.leaflet");
            stack.killAndRestart();
        }
        stack.settled().await();
    }

    private static String later(String name) {
        return FILE.replace("name: leaflets\nsource", "name: " + name + "\nreplaces: [leaflets]\nsource").replace("fields: [id, name]\n", "fields: [id, {title: name}]\n");
    }

    /** Each stage is killed while rows change and fields are added. */
    private void throughKills() throws Exception {
        for (var stage : List.of(Stage.DENORMALIZER, Stage.PURGE, Stage.INDEXER, Stage.DENORMALIZER, Stage.GATE, Stage.CAPTURE)) {
            add(10);
            stack.process(stage).kill();
            if (stage != Stage.PURGE) {
                add(5);
            }
            byJob(1 + random.nextInt(STEADY));
            stack.process(stage).start();
            add(5);
        }
    }

    /** Fields of random documents, by HTTP and by a job: each way has fields of its own, for nobody says which of two ways comes first. */
    private void add(int times) throws Exception {
        for (int i = 0; i < times; i++) {
            int document = 1 + random.nextInt(STEADY);
            byHttp(document, expected.getOrDefault(document, Map.of()).containsKey("count") ? 1 + Long.parseLong(expected.get(document).get("count")) : 1);
            byJob(1 + random.nextInt(STEADY));
        }
    }

    private void byHttp(int document, long count) {
        var mood = document == ERASED ? MARKER : "mood " + random.nextInt();
        patience("document " + document + " is enriched").ignoreExceptions().until(() -> {
            int status = purge().contentType("application/merge-patch+json").body("{\"count\": " + count + ", \"mood\": \"" + mood + "\", \"raw\": {\"n" + count % 3 + "\": {\"c\": " + count + "}}}").patch("/pipelines/" + NAME + "/documents/" + document + "/enrichment").statusCode();
            assertTrue(status == 200 || status == 429 || status == 503, "answered " + status);
            return status == 200;
        });
        expected.computeIfAbsent(document, d -> new TreeMap<>()).put("count", Long.toString(count));
        expected.get(document).put("mood", mood);
    }

    private void byJob(int document) throws Exception {
        var score = random.nextInt(1000) / 8.0;
        var tag = document == ERASED ? MARKER : "tag" + random.nextInt();
        topics.send(new ProducerRecord<>(TOPIC, Integer.toString(document).getBytes(StandardCharsets.UTF_8), ("{\"score\": " + score + ", \"tags\": [\"" + tag + "\"]}").getBytes(StandardCharsets.UTF_8)));
        expected.computeIfAbsent(document, d -> new TreeMap<>()).put("score", Double.toString(score));
        expected.get(document).put("tags", "[\"" + tag + "\"]");
    }

    /** All that was added is shown, and the index equals the SQL join. */
    private void settles(String pipeline) throws Exception {
        patience("what was added is shown").untilAsserted(() -> {
            for (var document : expected.entrySet()) {
                var shown = CanonicalJson.read(stack.index().get(NAME, document.getKey().toString())).get("enrichment");
                document.getValue().forEach((field, value) -> assertEquals(value, asText(shown.get(field)), () -> field + " of document " + document.getKey() + " in " + shown));
            }
        });
        var position = stack.value("SELECT pg_current_wal_insert_lsn()::text");
        patience(pipeline + " is fresh").untilAsserted(() -> purge().queryParam("position", position).queryParam("wait", "5s").get("/pipelines/" + pipeline + "/freshness").then().statusCode(200).body("fresh", equalTo(true)));
        var id = purge().body("{}").post("/pipelines/" + pipeline + "/verifications").then().statusCode(202).extract().<String>path("id");
        patience("the verification ends").untilAsserted(() -> purge().get("/verifications/" + id).then().statusCode(200).body("state", equalTo("agrees")));
    }

    private static String asText(Json value) {
        return value == null ? null : value instanceof Json.Literal(var number) && number.contains(".") ? Double.toString(Double.parseDouble(number)) : value.asText();
    }

    private String rebuilt() throws IOException {
        return at(Stage.INDEXER).post("/pipelines/" + NAME + "/generations").then().statusCode(202).extract().path("index");
    }

    private void served(String index) {
        Awaitility.await(index + " is served").pollInterval(Duration.ofSeconds(1)).atMost(Duration.ofMinutes(4)).ignoreExceptions().until(() -> {
            if (behindAlias().equals(index)) {
                return true;
            }
            at(Stage.INDEXER).post("/pipelines/" + NAME + "/generations/" + index + "/service");
            return false;
        });
    }

    private String behindAlias() {
        return stack.index().ask("GET", "/_alias/" + NAME, null) instanceof Json.Members(var members) ? String.join(",", members.keySet()) : "";
    }

    private void erased() throws Exception {
        assertTrue(shown(), "the document has the marker before");
        stack.index().ask("POST", "/" + NAME + "/_flush", null);
        assertFalse(remains.inFiles("search").isEmpty(), "the marker is found in files when it is there");
        assertFalse(remains.inTopic(TOPIC).isEmpty());
        assertFalse(remains.inTopic(Topics.documents(LATER)).isEmpty());
        purge().header("Idempotency-Key", "erase leaflet").body("{\"reason\": \"asked for\"}").post("/pipelines/" + LATER + "/documents/" + ERASED + "/erasure").then().statusCode(202);
        assertNull(stack.value("SELECT fields FROM public.leaflet_added WHERE leaflet_id = " + ERASED));
        purge().contentType("application/merge-patch+json").body("{\"count\": 0}").patch("/pipelines/" + NAME + "/documents/" + ERASED + "/enrichment").then().statusCode(409);
        expected.remove(ERASED);
        patience("it leaves").until(() -> stack.index().get(NAME, Integer.toString(ERASED)) == null);
        stack.execute("UPDATE public.leaflet SET name = 'again' WHERE id = " + ERASED);
        settles(LATER);
        assertNull(stack.index().get(NAME, Integer.toString(ERASED)));
    }

    private boolean shown() {
        return stack.index().ask("GET", "/leaflets-*/_search?size=1000", null).toString().contains(MARKER);
    }

    private void assertNoneLeft() throws Exception {
        remains.assertGoneFromTopics(topic -> topic.contains("leaflet"), () -> {
            stack.execute("UPDATE public.leaflet SET name = name || '.'; UPDATE public.leaflet_note SET body = body || '.'; INSERT INTO public.leaflet_added SELECT id, '{\"tags\": \"x\"}' FROM public.leaflet WHERE id > " + STEADY
                    + " ON CONFLICT (leaflet_id) DO UPDATE SET fields = leaflet_added.fields || jsonb_build_object('tags', random()::text)");
            for (int document = STEADY + 1; document <= ALL; document++) {
                topics.send(new ProducerRecord<>(TOPIC, Integer.toString(document).getBytes(StandardCharsets.UTF_8), "{\"score\": 1}".getBytes(StandardCharsets.UTF_8)));
            }
            stack.execute("UPDATE public.leaflet_added SET fields = fields || jsonb_build_object('raw', random()) WHERE leaflet_id <= " + STEADY);
        });
        remains.assertGoneFromDisks("/leaflets*", () -> settles(LATER));
    }

    /** Rows change, and somebody reads: what was added to a document never goes back. */
    private final class Meanwhile implements AutoCloseable {

        private final AtomicBoolean goOn = new AtomicBoolean(true);
        private final java.util.concurrent.ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        private final Future<?> changes = threads.submit(this::change);
        private final Future<?> reader = threads.submit(this::read);

        private Void change() throws Exception {
            var dice = new Random(22);
            while (goOn.get()) {
                int steady = 1 + dice.nextInt(STEADY);
                int passing = STEADY + 1 + dice.nextInt(ALL - STEADY);
                stack.execute(switch (dice.nextInt(5)) {
                    case 0 -> "UPDATE public.leaflet SET name = 'name " + dice.nextInt() + "' WHERE id = " + steady;
                    case 1 -> "UPDATE public.leaflet_note SET leaflet_id = " + passing + ", body = 'body " + dice.nextInt() + "' WHERE id = " + (1 + dice.nextInt(120));
                    case 2 -> "DELETE FROM public.leaflet WHERE id = " + passing;
                    case 3 -> "INSERT INTO public.leaflet VALUES (" + passing + ", 'anew') ON CONFLICT DO NOTHING";
                    default -> "INSERT INTO public.leaflet_added SELECT id, '{\"score\": 1}' FROM public.leaflet WHERE id = " + passing + " ON CONFLICT (leaflet_id) DO UPDATE SET fields = '{\"score\": 2}'";
                });
                Thread.sleep(20);
            }
            return null;
        }

        private Void read() throws Exception {
            var counts = new TreeMap<String, Long>();
            while (goOn.get()) {
                for (var document : stack.index().read(NAME).entrySet()) {
                    var added = CanonicalJson.read(document.getValue()).get("enrichment");
                    var count = added == null ? null : added.get("count");
                    var before = counts.get(document.getKey());
                    if (before != null && (count == null || Long.parseLong(count.asText()) < before)) {
                        throw new AssertionError("document " + document.getKey() + " had count " + before + " and has " + document.getValue());
                    }
                    if (count != null) {
                        counts.put(document.getKey(), Long.parseLong(count.asText()));
                    }
                }
                Thread.sleep(50);
            }
            return null;
        }

        @Override
        public void close() throws Exception {
            goOn.set(false);
            try {
                changes.get();
                reader.get();
            } finally {
                threads.close();
            }
        }
    }

    /** Null where there is no row. */
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
