package io.millrace.tests.suite;

import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.tests.oracle.Comparison;
import io.millrace.pipeline.comparison.Json;
import io.millrace.tests.oracle.Oracles;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Launcher;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A changed document is built beside the old one while rows change, served when it is whole, and can be taken back. */
@Tag("long")
@ExtendWith(SharedStack.class)
class GenerationsIT {

    private static final int RATE = 150;
    private static final String ALIAS = "monitors";
    private static final String LATER = "monitors-2";
    private static final List<Stage> READERS = List.of(Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE);

    private final DemoStack stack;

    GenerationsIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void aLaterGenerationIsServedOnceItIsWholeObeysErasuresOfTheOldNameAndGoesAgain() throws Exception {
        stack.settled().await();
        var older = behindAlias();
        String newer;
        long documents = stack.index().count(ALIAS);
        var file = stack.pipelines().resolve(LATER + ".yaml");
        var shape = Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml"));
        Files.writeString(file, shape.replace("name: monitors\nsource", "name: " + LATER + "\nreplaces: [monitors]\nsource").replace("[id, name, query,", "[id, {title: name}, query,"));
        try {
            stack.provision();
            var seen = new HashSet<Set<String>>();
            // The reader begins before the services do, or the later generation may serve before the first look.
            try (var traffic = BackgroundTraffic.start(stack, 77, RATE); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var restarted = threads.submit(() -> stack.restart(READERS));
                Awaitility.await("the alias moves").pollInterval(Duration.ofMillis(50)).atMost(Duration.ofMinutes(6)).until(() -> {
                    seen.add(shapesFound());
                    assertTrue(stack.index().count(ALIAS) > documents / 2, "a reader never sees an index that is still being filled");
                    return !behindAlias().equals(older);
                });
                restarted.get();
                traffic.stop();
            }
            assertTrue(seen.contains(Set.of("name")), "the old documents were there meanwhile");
            assertTrue(seen.stream().allMatch(shapes -> shapes.size() == 1), () -> "no search mixed two shapes: " + seen);
            assertEquals(Set.of("title"), shapesFound());
            newer = behindAlias();
            var later = new Oracles(stack.database(), stack.index(), List.of(SqlOracle.of(ALIAS).with("'name', m.name", "'title', m.name"), SqlOracle.of("dashboards")));
            DemoStack.settled(later).await().forEach(c -> assertTrue(c.agrees() && c.expected() > 0, c::describe));
            // The later generation answers for the name that callers know.
            purge().queryParam("position", position()).queryParam("wait", "30s").get("/pipelines/" + ALIAS + "/freshness").then().statusCode(200).body("fresh", equalTo(true));
            patience("the old generation stays up to date").untilAsserted(() -> {
                var both = ofOlder(older);
                assertTrue(both.agrees(), both::describe);
            });

            var id = stack.index().read(ALIAS).firstKey();
            var location = purge().header("Idempotency-Key", "erase " + id).body("{\"reason\":\"asked for\"}").post("/pipelines/" + ALIAS + "/documents/" + id + "/erasure").then().statusCode(202).extract().header("Location");
            patience("both generations have erased it").until(() -> stack.index().get(ALIAS, id) == null && stack.index().get(older, id) == null);
            patience("the erasure says so").untilAsserted(() -> purge().get(location.replaceFirst("https?://[^/]*", "")).then().statusCode(200).body("state", equalTo("carried-out")));
            try (var connection = stack.connect(); var statement = connection.createStatement()) {
                statement.executeUpdate("DELETE FROM public.monitor WHERE id = " + id);
            }
        } finally {
            Files.delete(file);
            stack.restart(READERS);
        }
        patience("the alias goes back").until(() -> behindAlias().equals(older));
        var retired = new Launcher(stack.stack().options().data(), Map.of("OPERATOR_TOKEN", Files.readString(stack.stack().token()).strip())).run("retire", ALIAS, newer, "--name", newer, "--url", stack.address(Stage.INDEXER).toString(), "--token-env", "OPERATOR_TOKEN");
        assertEquals(0, retired.code(), retired::output);
        assertTrue(retired.output().contains(newer + " is deleted.") && retired.output().contains("documents." + LATER + ", quarantine.documents." + LATER + ", and those and the group that begin with millrace-denormalizer-" + LATER), retired::output);
        stack.settled().await();
    }

    private String behindAlias() {
        return stack.index().ask("GET", "/_alias/" + ALIAS, null) instanceof Json.Members(var members) ? String.join(",", members.keySet()) : "";
    }

    /** By which of the two names the documents that one search finds call a monitor. */
    private Set<String> shapesFound() {
        var shapes = new TreeSet<String>();
        stack.index().ask("GET", "/" + ALIAS + "/_search?size=50", null).get("hits").get("hits").items()
                .forEach(hit -> shapes.add(CanonicalJson.write(hit.get("_source")).contains("\"title\":") ? "title" : "name"));
        return shapes;
    }

    private String position() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
            row.next();
            return row.getString(1);
        }
    }

    private Comparison ofOlder(String index) throws SQLException {
        try (var connection = stack.connect()) {
            return Comparison.of(index, SqlOracle.of(ALIAS).read(connection), stack.index().read(index));
        }
    }

    private RequestSpecification purge() throws IOException {
        return RestAssured.given().baseUri(stack.address(Stage.PURGE).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofMinutes(4));
    }
}
