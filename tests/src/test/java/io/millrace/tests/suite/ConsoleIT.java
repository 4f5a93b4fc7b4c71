package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Launcher;
import io.millrace.tests.stack.LoneConsole;
import io.millrace.tests.stack.RefusedDocument;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the console serves to its page, from the real services. */
@ExtendWith(SharedStack.class)
class ConsoleIT {

    /** Figures are made anew within a second; a service that once takes longer than the console waits for it is away in them. */
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration SEEN = Duration.ofSeconds(90);
    /** Of a console that is begun by a test. */
    private static final String INDEX = "console-test";

    private final DemoStack stack;

    ConsoleIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void theTwinOfEveryDocumentByTheConsolesOwnJoinIsTheDocument() throws SQLException {
        stack.settled().await();
        for (var pipeline : List.of("monitors", "dashboards")) {
            var documents = stack.index().read(pipeline);
            documents.keySet().stream().limit(25).forEach(id -> {
                var view = CanonicalJson.read(console().get("/api/pipelines/" + pipeline + "/documents/" + id).asString());
                assertEquals("[]", CanonicalJson.write(view.get("differences")), pipeline + " " + id);
                assertEquals("agrees", view.get("comparison").asText(), pipeline + " " + id);
                assertTrue(view.get("twin").asText().length() > 100 && view.get("document").asText().length() > 100, "both were there to be compared");
            });
        }
    }

    @Test
    void aSearchEngineThatDoesNotAnswerForAnIndexHasSaidOfNoDocumentThatItIsGone(@TempDir Path folder) throws Exception {
        var file = Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml")).replace("\nname: monitors", "\nname: closed").replace("\n  name: monitors", "\n  name: " + INDEX);
        var id = monitor();
        stack.index().ask("PUT", "/" + INDEX, null);
        try (var console = LoneConsole.over(stack, folder, Map.of("closed.yaml", file))) {
            var launcher = new Launcher(folder, Map.of());
            assertEquals("false true differs", sides(console, id));
            assertEquals(1, launcher.plain("document", "closed", id, "--url", console.address()).code());
            assertEquals(2, launcher.plain("document", "closed", id, "--diff", "--url", console.address()).code());
            stack.index().ask("POST", "/" + INDEX + "/_close", null);
            assertEquals("null true unknown", sides(console, id));
            var closed = launcher.plain("document", "closed", id, "--url", console.address());
            assertEquals(3, closed.code(), closed.output());
            assertTrue(closed.output().contains("The index could not be asked: the search engine answered HTTP 400: closed"), closed.output());
            assertEquals(3, launcher.plain("document", "closed", id, "--diff", "--url", console.address()).code());
            stack.index().ask("DELETE", "/" + INDEX, null);
            assertEquals("null true unknown", sides(console, id), "there is no such index");
        } finally {
            stack.index().ask("DELETE", "/" + INDEX + "?ignore_unavailable=true", null);
        }
    }

    private String monitor() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT min(id) FROM public.monitor")) {
            row.next();
            return row.getString(1);
        }
    }

    private static String sides(LoneConsole console, String id) {
        var view = RestAssured.get(console.address() + "/api/pipelines/closed/documents/" + id).then().statusCode(200).extract().jsonPath();
        return view.get("inIndex") + " " + view.get("inPostgres") + " " + view.get("comparison");
    }

    @Test
    void aChangeIsRefusedWithoutATokenAndNoOtherPageCanHaveItSent() throws IOException {
        var body = "{\"reason\":\"because\"}";
        assertEquals(401, console().body(body).post("/api/quarantine/demo.public.team/hold").statusCode());
        // What a browser can be made to send across sites: no header of its own, no JSON.
        assertEquals(415, console().contentType(ContentType.URLENC).cookie("token", token()).body("reason=because").post("/api/quarantine/demo.public.team/hold").statusCode());
        assertEquals(401, console().header("Authorization", "Bearer wrong").body(body).post("/api/quarantine/demo.public.team/hold").statusCode());
        assertEquals(400, operator().body(body).post("/api/quarantine/demo.public.team/drop").statusCode());
        assertTrue(console().header("Origin", "http://evil.example").get("/api/pipelines").header("Access-Control-Allow-Origin") == null);
    }

    @Test
    void theGatesSchemasAreAskedForWithTheCallersToken() throws IOException {
        assertEquals(401, console().get("/api/schemas").statusCode());
        var asked = operator().get("/api/schemas/demo.public.monitor").then().statusCode(200).extract().jsonPath();
        assertTrue(asked.getList("columns.find { it.name == 'name' }.uses.pipeline").contains("monitors"), asked::prettify);
        assertFalse(asked.getList("versions.since").isEmpty(), asked::prettify);
        operator().get("/api/schemas/demo.public.nothing").then().statusCode(404);
        assertFalse(operator().get("/api/check").then().statusCode(200).extract().jsonPath().getBoolean("configured"), "this gate has no scratch database");
        operator().body("{\"migrations\":[{\"name\":\"a.sql\",\"text\":\"SELECT 1\"}]}").post("/api/check").then().statusCode(501);
        assertEquals(401, console().body("{}").post("/api/check").statusCode());
    }

    @Test
    void refusedDocumentsAreCountedShownAndDecidedAboutWithTheCallersToken() throws Exception {
        assertEquals(401, console().get("/api/pipelines/monitors/quarantine").statusCode());
        assertEquals(401, console().header("Authorization", "Bearer wrong").body("{\"reason\":\"because\"}").post("/api/pipelines/monitors/quarantine/replay").statusCode());
        var hostile = "refused " + System.nanoTime() + "/%2F?";
        int before = operator().get("/api/pipelines/monitors/quarantine").then().statusCode(200).extract().path("count");
        new RefusedDocument("monitors", hostile).standIn(stack);
        var count = "find { it.name == 'monitors' }.troubles.refused";
        Awaitility.await("it is counted").atMost(Duration.ofSeconds(40)).until(() -> console().get("/api/figures").then().statusCode(200).extract().jsonPath().getDouble(count), n -> n == before + 1);
        assertEquals(before + 1, JsonPath.from(live("?pipeline=monitors")).getInt("refused.monitors"));
        var one = operator().get("/api/pipelines/monitors/quarantine/documents/{id}", hostile).then().statusCode(200).extract().jsonPath();
        assertEquals(hostile + " because a test says so", one.getString("[0].id") + " " + one.getString("[0].detail"));
        assertEquals(400, operator().body("{}").post("/api/pipelines/monitors/quarantine/replay").statusCode(), "a reason is wanted");
        var ids = "{\"reason\":\"made by a test\",\"count\":1,\"ids\":[\"" + hostile + "\"]}";
        assertEquals(1, operator().body(ids).post("/api/pipelines/monitors/quarantine/discard").then().statusCode(200).extract().<Integer>path("discarded"));
        Awaitility.await("it is counted no more").atMost(Duration.ofSeconds(40)).until(() -> console().get("/api/figures").then().statusCode(200).extract().jsonPath().getDouble(count), n -> n == before);
        operator().get("/api/pipelines/monitors/quarantine/documents/{id}", hostile).then().statusCode(404);
        operator().get("/api/pipelines/nobody/quarantine").then().statusCode(404);
    }

    @Test
    void erasuresAndVerificationsAreAskedForWithTheCallersToken() throws IOException {
        assertEquals(401, console().get("/api/erasures").statusCode());
        assertEquals(401, console().header("Authorization", "Bearer wrong").body("{\"reason\":\"because\"}").post("/api/erasures/documents/monitors/none").statusCode());
        assertTrue(operator().body("{\"reason\":\"because\"}").post("/api/erasures/documents/monitors/none").then().statusCode(400).extract().<String>path("detail").contains("Idempotency-Key is missing"));
        var never = "never " + System.nanoTime() + "/%2F?";
        var erasure = operator().header("Idempotency-Key", never).body("{\"reason\":\"because\"}").post("/api/erasures/documents/monitors/{id}", never).then().statusCode(202).extract().jsonPath();
        assertEquals(never, erasure.getString("document"));
        assertEquals(never, operator().get("/api/erasures?state=").then().statusCode(200).extract().<String>path("find { it.id == '" + erasure.getString("id") + "' }.document"));
        assertTrue(operator().header("Idempotency-Key", never).body("{\"subject\":\"ghost\",\"key\":\"1\",\"reason\":\"because\"}").post("/api/erasures").then().statusCode(404).extract().<String>path("detail").contains("ghost"));
        assertTrue(operator().body("{\"reason\":\"because\"}").post("/api/erasures/{id}/withdrawal", "none").then().statusCode(404).extract().<String>path("detail").contains("none with this id"));
        var verification = operator().body("{\"repair\":false}").post("/api/verifications/dashboards").then().statusCode(202).extract().<String>path("id");
        Awaitility.await("the verification ends").atMost(SOON).until(() -> operator().get("/api/verifications").then().statusCode(200).extract().path("find { it.id == '" + verification + "' }.state"), state -> !"running".equals(state));
        assertEquals("[]", operator().get("/api/verifications/" + verification + "/differences").then().statusCode(200).extract().asString());
        operator().post("/api/verifications/" + verification + "/stop").then().statusCode(409);
        operator().get("/api/retention-runs").then().statusCode(200);
        operator().body("{\"reason\":\"because\"}").post("/api/retention-runs/none/confirmation").then().statusCode(404);
    }

    @Test
    void thePageMayLoadNothingFromElsewhere() {
        var page = console().get("/");
        var policy = page.header("Content-Security-Policy");
        assertTrue(policy.contains("default-src 'none'") && !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), policy);
        for (var file : List.of(page, console().get("/console.js"), console().get("/console.css"))) {
            assertEquals(200, file.statusCode());
            assertFalse(file.asString().contains("http"), "no address of another server");
        }
        var modules = Pattern.compile("\\./console/\\w+\\.js").matcher(console().get("/console.js").asString()).results().map(MatchResult::group).collect(Collectors.toSet());
        assertTrue(modules.size() > 5, modules::toString);
        for (var module : modules) {
            var script = console().get(module.substring(1)).then().statusCode(200).extract().asString().replace("http://www.w3.org/2000/svg", "");
            assertFalse(script.contains("http"), "no address of another server in " + module);
            assertFalse(script.contains("innerHTML"), "data is put in as text by " + module);
        }
        console().get("/webjars/uplot/1.6.30/dist/uPlot.esm.js").then().statusCode(200);
        console().get("/webjars/uplot/1.6.30/dist/uPlot.min.css").then().statusCode(200);
    }

    @Test
    void bothSidesOfTheManagePageGiveTheSameRowsAndCounts() throws SQLException {
        stack.settled().await();
        var organisation = managed("?organisation=1");
        assertTrue(organisation.getInt("index.answer.total") > 100, organisation::prettify);
        var tag = organisation.getMap("index.answer.tags").keySet().iterator().next();
        for (var question : List.of("", "?status=alert", "?sort=name&page=3", "?team=Search", "?organisation=1&text=latency%20checkout", "?type=log&tag=" + tag)) {
            var page = managed(question);
            assertEquals(page.getMap("postgres.answer"), page.getMap("index.answer"), question);
            assertEquals(List.copyOf(page.getMap("postgres.answer.teams").keySet()), List.copyOf(page.getMap("index.answer.teams").keySet()), question);
        }
        assertEquals(400, console().get("/api/manage?users=9").statusCode());
        assertEquals("The organisation is asked for by its id, a whole number, not by first", console().get("/api/manage?organisation=first").then().statusCode(400).extract().path("message"));
    }

    private JsonPath managed(String question) {
        return console().get("/api/manage" + question).then().statusCode(200).extract().jsonPath();
    }

    @Test
    void whatAChangeTakesUpToEachStageIsOfTheSameChangesSoNoStageIsFasterThanTheOneInFront() throws Exception {
        try (var traffic = BackgroundTraffic.start(stack, 503, 40)) {
            var looks = new ArrayList<List<Double>>();
            Awaitility.await("all stages are measured, ten times").atMost(SEEN).pollInterval(Duration.ofSeconds(1)).until(() -> {
                var live = JsonPath.from(live(""));
                var p50 = Stream.of("capture", "gate", "join", "index").map(stage -> live.<Number>get("stages.find { it.name == '" + stage + "' }.p50")).toList();
                if (!p50.contains(null)) {
                    looks.add(p50.stream().map(Number::doubleValue).toList());
                    assertEquals(live.<Number>get("hops.capture"), p50.getFirst(), "one figure once");
                }
                return looks.size() == 10;
            });
            traffic.stop();
            for (var look : looks) {
                assertEquals(look.stream().sorted().toList(), look);
            }
        }
    }

    @Test
    void aStageThatIsDownIsShownAsThatAndTheRestGoesOn() {
        stack.process(Stage.PURGE).stop();
        try {
            Awaitility.await("the console says so").atMost(SOON).until(() -> live(""), l -> l.contains("\"name\":\"purge\",\"label\":\"Purge\",\"state\":\"down\"") && l.contains("\"name\":\"index\",\"label\":\"Indexer\",\"state\":\"up\""));
            Awaitility.await().atMost(SOON).untilAsserted(() -> assertEquals(List.of("Purge"), figures().getList("[0].away")));
        } finally {
            stack.process(Stage.PURGE).start();
        }
    }

    @Test
    void aPipelineHasFiguresOfItsOwn() throws IOException {
        stack.settled().await();
        var state = "stages.find { it.name == 'join' }.extra.find { it.name == 'state' }.value";
        Awaitility.await().atMost(SOON).untilAsserted(() -> {
            var all = JsonPath.from(live(""));
            var dashboards = JsonPath.from(live("?pipeline=dashboards"));
            assertEquals(Set.of("dashboards", "monitors"), all.getMap("documents").keySet());
            assertEquals(Set.of("dashboards"), dashboards.getMap("documents").keySet());
            assertNotNull(all.get(state), all::prettify);
            assertNotNull(dashboards.get(state), dashboards::prettify);
            assertTrue(dashboards.getDouble(state) > 0 && dashboards.getDouble(state) < all.getDouble(state), "what a join keeps on disk");
        });
        console().get("/api/live?pipeline=nobody").then().statusCode(404);
    }

    @Test
    void eachPipelineIsToldWithItsTablesItsTargetAndHowItIs() throws SQLException {
        stack.settled().await();
        var files = console().get("/api/pipelines").then().statusCode(200).extract().jsonPath();
        assertEquals("demo.public.monitor", files.getString("find { it.name == 'monitors' }.tables.find { it.name == 'public.monitor' }.label"));
        Awaitility.await().atMost(SOON).untilAsserted(() -> {
            var figures = figures();
            assertEquals(files.getList("name"), figures.getList("name"));
            for (var pipeline : files.getList("name", String.class)) {
                var of = "find { it.name == '" + pipeline + "' }.";
                assertEquals(stack.index().read(pipeline).size(), figures.<Integer>get(of + "documents"));
                assertEquals(files.getDouble(of + "target"), figures.getDouble(of + "target"));
                assertEquals(Set.of(false), Set.copyOf(figures.<String, Boolean>getMap(of + "parked").values()));
                assertEquals("opensearch", files.getString(of + "store"));
                assertEquals(0, figures.<Number>get(of + "oldest").doubleValue(), "nothing waits");
                assertEquals(List.of(), figures.getList(of + "away"));
            }
        });
    }

    @Test
    void whatWasSeenIsKeptWithWhatHappenedAlsoWhileNobodyLooked() {
        long from = System.currentTimeMillis();
        Awaitility.await("the stage was seen up").atMost(SEEN).until(() -> history("").getList("at", Long.class), at -> !at.isEmpty() && at.getLast() > from);
        stack.process(Stage.PURGE).stop();
        try {
            Awaitility.await("a stage that went is marked").atMost(SEEN).until(() -> history("").getList("marks.text", String.class), marks -> marks.stream().anyMatch(m -> m.startsWith("Purge is down: ")));
        } finally {
            stack.process(Stage.PURGE).start();
        }
        Awaitility.await("and that it was started again").atMost(SEEN).until(() -> history("").getList("marks.text", String.class), marks -> marks.contains("Purge is up again"));
        var seen = history("?pipeline=monitors");
        int points = seen.getList("at").size();
        assertTrue(points >= 2, "points: " + points);
        assertEquals(points, seen.getList("figures.'rate.join'").size());
        var at = seen.getList("at", Long.class);
        assertTrue(at.get(1) - at.get(0) >= 9_000 && at.get(points - 1) > System.currentTimeMillis() - 60_000, at::toString);
        console().get("/api/history?pipeline=nobody").then().statusCode(404);
    }

    private JsonPath figures() {
        return console().get("/api/figures").then().statusCode(200).extract().jsonPath();
    }

    private JsonPath history(String query) {
        return console().get("/api/history" + query).then().statusCode(200).extract().jsonPath();
    }

    private String live(String query) {
        return console().get("/api/live" + query).then().statusCode(200).extract().asString();
    }

    private String token() throws IOException {
        return Files.readString(stack.stack().token()).strip();
    }

    private RequestSpecification operator() throws IOException {
        return console().header("Authorization", "Bearer " + token());
    }

    private RequestSpecification console() {
        return RestAssured.given().baseUri(stack.address(Stage.CONSOLE).toString()).contentType(ContentType.JSON);
    }
}
