package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.Traffic;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.OnCall;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A verification finds what somebody did to the index, repairs it through the log, and reports nothing else, while rows change all the time. */
@ExtendWith(SharedStack.class)
class VerifyIT {

    private static final String INDEX = "monitors";
    /** Below all that traffic picks from: what is done to these documents nobody else undoes. */
    private static final long OWN = -1_000_000;
    private static final int RATE = 40;
    private static final int IN_BULK = 1_000;
    private static final Duration MOVING_EVERY = Duration.ofMillis(50);

    private final DemoStack stack;

    VerifyIT(DemoStack stack) {
        this.stack = stack;
    }

    /** How many documents of each kind are done something to. */
    private record Harm(int orphans, int missing, int stale, int altered) {

        int rows() {
            return missing + stale + altered;
        }

        long firstOrphan() {
            return OWN + IN_BULK;
        }

        List<String> idsMissing() {
            return ids(OWN, missing);
        }

        List<String> idsStale() {
            return ids(OWN + missing, stale);
        }

        List<String> idsAltered() {
            return ids(OWN + missing + stale, altered);
        }

        List<String> idsOrphaned() {
            return ids(firstOrphan(), orphans);
        }

        private static List<String> ids(long from, int count) {
            return LongStream.range(from, from + count).mapToObj(Long::toString).toList();
        }
    }

    @AfterEach
    void withoutOwnRows() throws SQLException {
        change("DELETE FROM public.monitor WHERE id < 0");
        change("DELETE FROM public.organisation WHERE id < 0");
        stack.settled().await();
    }

    @Test
    void whatWasDoneToTheIndexIsFoundAndRepairedAndNothingElseIsReported() throws Exception {
        findsAndRepairs(new Harm(5, 5, 5, 3), Duration.ZERO);
    }

    /** As long as {@code -Dmillrace.verify.minutes} says; 2 unless told. */
    @Test
    @Tag("long")
    void aHundredOfEachAreFoundAndRepairedAndNothingElseIsReportedInALongTimeOfTraffic() throws Exception {
        findsAndRepairs(new Harm(100, 100, 100, 10), Duration.ofMinutes(Integer.getInteger("millrace.verify.minutes", 2)));
    }

    @Test
    @Tag("long")
    void rowsThatNeverRestAreFollowedUntilTheIndexHasWhatTheyWere() throws Exception {
        own(3);
        stack.settled().await();
        var end = new AtomicBoolean();
        var writing = CompletableFuture.supplyAsync(() -> {
            int changes = 0;
            try (var connection = stack.connect(); var update = connection.prepareStatement("UPDATE public.monitor SET name = 'verified ' || id || ' at change ' || ? WHERE id < 0")) {
                while (!end.get()) {
                    update.setInt(1, ++changes);
                    update.executeUpdate();
                    Thread.sleep(MOVING_EVERY);
                }
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return changes;
        }, Thread.ofVirtual()::start);
        JsonPath report;
        try {
            report = verify(false);
        } finally {
            end.set(true);
        }
        assertTrue(writing.get(1, TimeUnit.MINUTES) > 50, "the rows moved all the time");
        assertEquals("agrees 0", report.getString("state") + " " + report.getInt("undecided"), report::prettify);
        assertTrue(report.getInt("candidates") >= 3, "none of them agreed at the first look: " + report.prettify());
    }

    @Test
    @Tag("long")
    void theCommandGoesOnUntilSomethingDiffers() throws Exception {
        var harm = new Harm(0, 1, 0, 0);
        own(harm.rows());
        stack.settled().await();
        int before = count("SELECT count(*) FROM millrace.verification");
        var token = Map.of("MILLRACE_TOKEN", Files.readString(stack.stack().token()).strip());
        var ended = CompletableFuture.supplyAsync(() -> {
            try {
                return new OnCall(stack).run(token, "verify", INDEX, "--continuous", "--url", stack.address(Stage.PURGE).toString(), "--token-env", "MILLRACE_TOKEN");
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }, Thread.ofVirtual()::start);
        Awaitility.await("it verifies again and again").atMost(Duration.ofMinutes(1)).until(() -> count("SELECT count(*) FROM millrace.verification WHERE state = 'agrees'") > 2 && count("SELECT count(*) FROM millrace.verification") >= before + 3);
        assertFalse(ended.isDone());
        harm(harm);
        assertEquals(2, ended.get(1, TimeUnit.MINUTES));
        assertEquals("agrees", verify(true).getString("state"));
    }

    @Test
    @Tag("long")
    void aRepairThatIsKilledWasNotAskedForOrIsCarriedOutOnce() throws Exception {
        var harm = new Harm(0, 20, 0, 0);
        own(harm.rows());
        stack.settled().await();
        harm(harm);
        int before = repairs();
        String first;
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE millrace.outboxevent IN EXCLUSIVE MODE");
            first = begin(true);
            Awaitility.await("it is about to ask the log").atMost(Duration.ofMinutes(1)).until(() -> count("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO millrace.outboxevent%'") > 0);
            stack.process(Stage.PURGE).kill();
            // Postgres would still carry out what a process that is gone has told it, once the lock is free.
            statement.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO millrace.outboxevent%'");
            connection.rollback();
        }
        stack.process(Stage.PURGE).start();
        assertEquals(before, repairs(), "killed before the commit, nothing was asked");
        isLongAgo(first);

        var second = begin(true);
        Awaitility.await("the log has it").atMost(Duration.ofMinutes(1)).pollInterval(Duration.ofMillis(5)).until(() -> repairs() == before + harm.missing());
        stack.process(Stage.PURGE).kill();
        stack.process(Stage.PURGE).start();
        Awaitility.await("the log carries it out").atMost(Duration.ofMinutes(1)).until(() -> harm.idsMissing().stream().allMatch(id -> stack.index().get(INDEX, id) != null));
        isLongAgo(second);
        var after = verify(true);
        assertEquals("agrees 0", after.getString("state") + " " + after.getInt("differences"), () -> differences(after));
        assertEquals(before + harm.missing(), repairs(), "each was asked for once");
    }

    /** Repairs in the log. */
    private int repairs() throws SQLException {
        return count("SELECT count(*) FROM millrace.outboxevent WHERE type = 'repair'");
    }

    private int count(String query) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery(query)) {
            row.next();
            return row.getInt(1);
        }
    }

    /** One that nobody runs any more counts as interrupted after two minutes. */
    private void isLongAgo(String verification) throws SQLException {
        change("UPDATE millrace.verification SET seen_at = seen_at - interval '3 minutes' WHERE id = '" + verification + "'");
    }

    private void findsAndRepairs(Harm harm, Duration quiet) throws Exception {
        own(harm.rows());
        stack.settled().await();
        try (var traffic = BackgroundTraffic.start(stack, 1_801, RATE, Traffic.Mix.STEADY)) {
            long end = System.nanoTime() + quiet.toNanos();
            int passes = 0;
            do {
                var report = verify(false);
                assertEquals("0 0 0", report.getString("missing") + " " + report.getString("orphaned") + " " + report.getString("different"), () -> "false reports: " + differences(report));
                assertTrue(report.getLong("documents") > 0 && report.getLong("indexed") > 0, report::prettify);
                passes++;
            } while (System.nanoTime() < end);
            harm(harm);
            var repaired = verify(true);
            assertEquals(expected(harm), byKind(repaired), () -> differences(repaired));
            var fields = fields(repaired);
            assertEquals("$.name $.query", fields, "what differs is told field by field");
            assertEquals("agrees", repaired.getString("state"), repaired::prettify);
            assertEquals(harm.orphans() + harm.rows(), repaired.getInt("repaired"), repaired::prettify);
            var after = verify(false);
            assertEquals(0, after.getInt("differences"), () -> differences(after));
            System.out.printf("verified %d times beside %d transactions, %d documents each; the last looked at %d candidates%n", passes + 2, traffic.transactions(), after.getInt("documents"), after.getInt("candidates"));
            traffic.stop();
        }
        stack.settled().await();
    }

    private static Map<String, Integer> expected(Harm harm) {
        return new TreeMap<>(Map.of("missing", harm.missing(), "orphaned", harm.orphans(), "different", harm.stale() + harm.altered()));
    }

    private static Map<String, Integer> byKind(JsonPath report) {
        return new TreeMap<>(Map.of("missing", report.getInt("missing"), "orphaned", report.getInt("orphaned"), "different", report.getInt("different")));
    }

    /** Monitors of an organisation of their own, so that no other row's change emits them anew. */
    private void own(int count) throws SQLException {
        change("INSERT INTO public.organisation SELECT (jsonb_populate_record(o, '{\"id\": -1}')).* FROM public.organisation o WHERE id = 1");
        change("INSERT INTO public.monitor (id, organisation_id, name, query, status, type, created, modified) SELECT " + OWN
                + " + n, -1, 'verified ' || n, 'verified', 'ok', 'metric', now(), now() FROM generate_series(0, " + (count - 1) + ") n");
    }

    /** What a person does who has the right to write into the index. */
    private void harm(Harm harm) throws IOException {
        for (var id : harm.idsMissing()) {
            ask("DELETE", "/" + INDEX + "/_doc/" + id, null);
        }
        for (var id : harm.idsAltered()) {
            ask("POST", "/" + INDEX + "/_update/" + id, "{\"doc\":{\"name\":\"altered by hand\"}}");
        }
        for (var id : harm.idsStale()) {
            var version = stack.index().ask("GET", "/" + INDEX + "/_doc/" + id, null).get("_version").asText();
            ask("PUT", "/" + INDEX + "/_doc/" + id + "?version_type=external_gte&version=" + version, stack.index().get(INDEX, id).replace("\"verified", "\"verified before"));
        }
        for (var id : harm.idsOrphaned()) {
            ask("PUT", "/" + INDEX + "/_doc/" + id, stack.index().get(INDEX, harm.idsStale().getFirst()));
        }
    }

    private void ask(String method, String path, String body) {
        stack.index().ask(method, path, body);
    }

    private void change(String sql) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    private String begin(boolean repair) throws IOException {
        return purge().body("{\"repair\":" + repair + "}").post("/pipelines/" + INDEX + "/verifications").then().statusCode(202).extract().path("id");
    }

    private JsonPath verify(boolean repair) throws IOException {
        var id = begin(repair);
        return Awaitility.await("the verification ends").atMost(Duration.ofMinutes(3)).pollInterval(Duration.ofMillis(250))
                .until(() -> purge().get("/verifications/" + id).then().statusCode(200).extract().jsonPath(), report -> !report.getString("state").equals("running"));
    }

    private String differences(JsonPath report) {
        try {
            return report.prettify() + purge().get("/verifications/" + report.getString("id") + "/differences").asPrettyString();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private String fields(JsonPath report) throws IOException {
        // Not by a path: Groovy takes "first" of a list for its first element.
        List<Map<String, List<Map<String, String>>>> found = purge().get("/verifications/" + report.getString("id") + "/differences?kind=different&limit=1000").then().statusCode(200).extract().jsonPath().getList("$");
        return found.stream().flatMap(document -> document.get("first").stream()).map(place -> place.get("path")).distinct().sorted().collect(Collectors.joining(" "));
    }

    private RequestSpecification purge() throws IOException {
        return RestAssured.given().baseUri(stack.address(Stage.PURGE).toString()).urlEncodingEnabled(false).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }
}
