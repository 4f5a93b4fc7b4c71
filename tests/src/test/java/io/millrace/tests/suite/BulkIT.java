package io.millrace.tests.suite;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rows that leave the source in bulk leave the documents, at once or when a person agrees; each time a verification holds the index against the SQL join. */
@Tag("long")
@ExtendWith(SharedStack.class)
class BulkIT {

    private static final List<Stage> ALL = List.of(Stage.CAPTURE, Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE);
    private static final String SHELF = "demo.public.shelf";
    private static final String FILE = """
            millrace: 1
            name: shelves
            source: {name: demo, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}
            document:
              root: public.shelf
              fields: [id, name]
              many:
                items: {table: public.shelf_item, join: {id: shelf_id}, fields: [id, name]}
            index: {name: shelves}
            hold: 40 %
            """;
    private static final String TABLES = """
            CREATE TABLE public.shelf (id bigint PRIMARY KEY, name text) PARTITION BY RANGE (id);
            CREATE TABLE public.shelf_a PARTITION OF public.shelf FOR VALUES FROM (0) TO (1000);
            CREATE TABLE public.shelf_b PARTITION OF public.shelf FOR VALUES FROM (1000) TO (2000);
            CREATE TABLE public.shelf_c PARTITION OF public.shelf FOR VALUES FROM (2000) TO (3000);
            CREATE TABLE public.shelf_item (id bigint PRIMARY KEY, shelf_id bigint, name text);
            INSERT INTO public.shelf SELECT p * 1000 + n, 'shelf' FROM generate_series(0, 2) p, generate_series(0, 299) n;
            INSERT INTO public.shelf_item SELECT row_number() OVER (), id, 'item' FROM public.shelf, generate_series(1, 2);
            CREATE INDEX ON public.shelf_item (shelf_id);
            ANALYZE public.shelf_a, public.shelf_b, public.shelf_c""";

    private final DemoStack stack;

    BulkIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void aChildsRowsLeaveAtOnceAndDocumentsAboveTheThresholdOnlyWhenAPersonAgrees() throws Exception {
        stack.settled().await();
        sql(TABLES);
        var file = Files.writeString(stack.pipelines().resolve("shelves.yaml"), FILE);
        try {
            stack.provision();
            stack.restart(ALL);
            patience("all are there").until(() -> stack.index().count("shelves") == 900);
            agrees(900);

            sql("TRUNCATE public.shelf_item");
            agrees(900);

            sql("ALTER TABLE public.shelf DETACH PARTITION public.shelf_a");
            recover();
            patience("a third leaves, which is below the threshold").until(() -> stack.index().count("shelves") == 600);
            agrees(600);

            sql("DROP TABLE public.shelf_b");
            recover();
            held("rows are not there any more");
            assertEquals(600, stack.index().count("shelves"));
            decide("accept", Map.of());
            decide("replay", Map.of());
            patience("they leave when a person agrees").until(() -> stack.index().count("shelves") == 300);
            agrees(300);

            sql("TRUNCATE public.shelf", "INSERT INTO public.shelf VALUES (2000, 'anew')");
            var refused = held("every row");
            assertEquals(300, stack.index().count("shelves"));
            decide("discard", Map.of("count", refused, "which", "REFUSED"));
            patience("what was changed since goes on").until(() -> stack.index().get("shelves", "2000").contains("anew"));
            var report = verified();
            assertEquals("differs 299", report.getString("state") + " " + report.getInt("orphaned"), report::prettify);

            patience("the table is read again").untilAsserted(() -> stage(Stage.CAPTURE).post("/resnapshots?table=public.shelf").then().statusCode(200));
            // The reading misses what was refused to leave, so a person is asked once more.
            held("rows are not there any more");
            assertEquals(300, stack.index().count("shelves"));
            decide("accept", Map.of());
            decide("replay", Map.of());
            agrees(1);
        } finally {
            Files.deleteIfExists(file);
            stack.restart(ALL);
            sql("DROP TABLE IF EXISTS public.shelf, public.shelf_a, public.shelf_item");
        }
        stack.settled().await();
    }

    private void recover() throws IOException {
        patience("capture says that a partition went").untilAsserted(() -> RestAssured.given().baseUri(stack.address(Stage.CAPTURE).toString()).get("/q/health/ready").then().statusCode(503)
                .body("checks.data.reason.toString()", containsString("a partition of it was dropped or detached")));
        stage(Stage.CAPTURE).post("/recovery").then().statusCode(200);
    }

    /** How many records are held. */
    private int held(String detail) throws Exception {
        int partitions = partitions();
        return patience("it is held: " + detail).until(() -> {
            var parked = stage(Stage.GATE).get("/quarantine/" + SHELF).then().extract();
            return parked.statusCode() == 200 && parked.<Integer>path("refused") > 0 && parked.asString().contains(detail) ? parked.<Integer>path("refused") : 0;
        }, refused -> refused == partitions);
    }

    private int partitions() throws Exception {
        var topic = "captured." + SHELF;
        try (var admin = Admin.create(Map.copyOf(stack.stack().servers().kafkaAdmin()))) {
            return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        }
    }

    private void decide(String what, Map<String, Object> more) throws IOException {
        var body = new HashMap<>(more);
        body.put("reason", "a test");
        stage(Stage.GATE).body(body).post("/quarantine/" + SHELF + "/" + what).then().statusCode(200);
    }

    private void agrees(int documents) {
        patience(documents + " documents equal the SQL join").pollInterval(Duration.ofSeconds(1)).until(this::verified,
                report -> report.getString("state").equals("agrees") && report.getInt("documents") == documents && report.getInt("indexed") == documents);
    }

    private JsonPath verified() throws IOException {
        var id = stage(Stage.PURGE).body("{}").post("/pipelines/shelves/verifications").then().statusCode(202).extract().<String>path("id");
        return patience("the verification ends").until(() -> stage(Stage.PURGE).get("/verifications/" + id).then().statusCode(200).extract().jsonPath(), report -> !report.getString("state").equals("running"));
    }

    private void sql(String... statements) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private RequestSpecification stage(Stage stage) throws IOException {
        return RestAssured.given().baseUri(stack.address(stage).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofMinutes(3));
    }
}
