package io.millrace.tests.suite;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A migration that changes the rows that stand in a table: what is said of them, and that every document is right once they are read again. */
@ExtendWith(SharedStack.class)
class RereadIT {

    private static final String TABLE = "demo.public.dashboard_widget";
    private static final String WIDGET = "public.dashboard_widget";
    private static final int RATE = 40;

    private final DemoStack stack;

    RereadIT(DemoStack stack) {
        this.stack = stack;
    }

    /** Both at once where the test failed in between; else nothing. */
    @AfterEach
    void whole() throws Exception {
        reread();
        stack.settled().await();
    }

    @Test
    void aColumnOfAnotherTypeIsAcceptedAndItsOldRowsAreSaidToBeOldUntilTheyAreReadAgainUnderTraffic() throws Exception {
        stack.settled().await();
        try (var traffic = BackgroundTraffic.start(stack, 500, RATE)) {
            sql("ALTER TABLE public.dashboard_widget ALTER COLUMN position TYPE bigint USING position + 1000",
                    "UPDATE public.dashboard_widget SET title = 'moved' WHERE id = (SELECT min(id) FROM public.dashboard_widget)");
            patience("the table is parked").untilAsserted(() -> stage(Stage.GATE).get("/quarantine/" + TABLE).then().statusCode(200).body("state", equalTo("parked")));
            saysOld("position");
            stage(Stage.GATE).body(Map.of("reason", "a wider column")).post("/quarantine/" + TABLE + "/accept").then().statusCode(200).body("oldRows", equalTo(true)).body("message", containsString("until they are read again"));
            stage(Stage.CAPTURE).get("/resnapshots/estimate?table=" + WIDGET).then().statusCode(200).body("estimate", not(equalTo(0)));
            stage(Stage.GATE).body(Map.of("reason", "a wider column")).post("/quarantine/" + TABLE + "/replay").then().statusCode(200);
            patience("every change is there, old rows or not").untilAsserted(() -> stage(Stage.PURGE).get("/pipelines/dashboards/freshness?wait=10s&position=" + position()).then().statusCode(200)
                    .body("fresh", equalTo(true)).body("oldRows", hasItem(containsString("old rows of " + WIDGET + " hold old values"))));
            assertFalse(stack.oracles().compare().stream().allMatch(Comparison::agrees), "documents have positions from before");
            stage(Stage.CAPTURE).post("/resnapshots?table=" + WIDGET).then().statusCode(200).body("state", equalTo("waiting"));
            stack.process(Stage.CAPTURE).kill();
            stack.process(Stage.CAPTURE).start();
            reread();
            traffic.stop();
        }
        stack.settled().await();
        patience("none is old any more").untilAsserted(() -> stage(Stage.PURGE).get("/pipelines/dashboards/freshness?wait=10s&position=" + position()).then().statusCode(200).body("fresh", equalTo(true)).body("oldRows", equalTo(null)));
    }

    @Tag("long")
    @Test
    void aValueConvertedWithinItsTypeAndADefaultForOldRowsAreNoticedThoughTheGateLetsThemPass() throws Exception {
        stack.settled().await();
        sql("ALTER TABLE public.dashboard_widget ALTER COLUMN title TYPE text USING upper(title), ADD COLUMN pinned boolean DEFAULT true");
        saysOld("title");
        saysOld("pinned");
        reread();
        stack.settled().await();
        assertEquals("0", value("SELECT count(*) FROM public.dashboard_widget WHERE title <> upper(title)"));
    }

    private void saysOld(String column) throws IOException {
        patience("health names " + column).untilAsserted(() -> RestAssured.given().baseUri(stack.address(Stage.CAPTURE).toString()).get("/q/health/ready").then().statusCode(503)
                .body("checks.data.reason.toString()", containsString("Old rows of the table " + WIDGET + " hold old values")).body("checks.data.reason.toString()", containsString("its column " + column)));
    }

    private void reread() throws IOException {
        patience("capture is whole").pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
            var ready = RestAssured.given().baseUri(stack.address(Stage.CAPTURE).toString()).get("/q/health/ready");
            if (ready.asString().contains("./millrace resnapshot demo " + WIDGET)) {
                stage(Stage.CAPTURE).post("/resnapshots?table=" + WIDGET);
            }
            assertEquals(200, ready.statusCode(), ready.asString());
        });
    }

    private String position() throws SQLException {
        return value("SELECT pg_current_wal_insert_lsn()");
    }

    private String value(String query) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
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
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofSeconds(120));
    }
}
