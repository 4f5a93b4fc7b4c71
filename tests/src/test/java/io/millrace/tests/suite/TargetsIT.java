package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Replica;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The same rows in an index, in a table and in a copy that somebody else keeps: all equal the SQL join, though what writes them is killed while the rows change. */
@Tag("long")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TargetsIT {

    private static final int MONITORS = 800;
    private static final int RATE = 200;
    private static final Duration LONGEST = Duration.ofMinutes(4);
    private static final String PIPELINE = "monitors-table";
    private static final String VIEW = "monitors_table";
    /** Documents that nobody but the tests changes, below all that traffic picks from: each look at the view has to find all of them. */
    private static final List<String> OWN = IntStream.range(-1_000_000, -1_000_000 + 50).mapToObj(Integer::toString).toList();
    private static final String SERVED = "FROM documents.millrace_index WHERE view = '" + VIEW + "' AND view = ANY (aliases)";

    @TempDir
    static Path folder;
    private static DemoStack stack;

    @BeforeAll
    static void startAll() throws Exception {
        var demo = DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml");
        var text = Files.readString(demo);
        Files.writeString(folder.resolve("monitors-table.yaml"), text.substring(0, text.indexOf("\nindex:") + 1)
                .replace("name: monitors\nsource", "name: monitors-table\ntarget: postgres\nindex: {name: monitors_table}\nsource"));
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("targets-stack");
        DemoStack.delete(data);
        stack = new DemoStack(data, SharedStack.PORT_BASE + 1000, MONITORS, null, List.of(demo, folder), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        stack.start();
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute("INSERT INTO public.organisation SELECT (jsonb_populate_record(o, '{\"id\": -1}')).* FROM public.organisation o WHERE id = 1");
            statement.execute("INSERT INTO public.monitor (id, organisation_id, name, query, status, type, created, modified) SELECT n, -1, 'own ' || n, 'own', 'ok', 'metric', now(), now() FROM generate_series(" + OWN.getFirst() + ", " + OWN.getLast() + ") n");
        }
        Awaitility.await("the view shows them").atMost(LONGEST).ignoreExceptions().until(() -> rows("documents." + VIEW + " WHERE id LIKE '-%'") == OWN.size());
    }

    @AfterAll
    static void stopAll() {
        if (stack != null) {
            stack.close();
        }
    }

    /** Each of those on whom the documents depend is killed while another table is built, takes over and gives back. */
    @Order(1)
    @Test
    void anIndexATableAndAStockConsumersCopyEqualTheJoinThoughTablesAreExchangedAndWhoWritesThemIsKilled() throws Exception {
        try (var replica = new Replica(stack.stack().servers().kafkaBootstrap(), "documents." + PIPELINE); var versions = new VersionWatch()) {
            try (var traffic = BackgroundTraffic.throughOutages(stack, 21, RATE)) {
                var first = served("name");
                var servers = stack.stack().servers();
                for (var killed : List.of(stack.process(Stage.INDEXER), stack.process(Stage.DENORMALIZER), stack.process(Stage.CAPTURE), stack.process(Stage.GATE), servers.registry(), servers.kafka(), servers.search(), servers.postgres())) {
                    awaitMore(traffic, 60);
                    var built = rebuilt();
                    kill(killed, versions);
                    awaitServed(built);
                    awaitMore(traffic, 60);
                    ask("POST", "/" + first + "/service", 202);
                    if (killed != servers.search()) {
                        kill(killed, versions);
                    }
                    awaitServed(first);
                    ask("DELETE", "/" + built, 204);
                }
                awaitMore(traffic, 60);
                traffic.stop();
            }
            awaitAgreement(replica);
            assertTrue(replica.begun() > 0, "the copy was begun again while rows changed");
            versions.close();
            assertEquals(List.of(), versions.faults);
            assertTrue(versions.looks > 100, () -> "only " + versions.looks + " looks at the view");
        }
    }

    /** Done by somebody who may write there: one document is gone, one is another, and of one there is no row. */
    @Order(2)
    @Test
    void whatWasDoneToATableIsFoundByAVerificationAndRepaired() throws Exception {
        var table = "documents.\"" + served("name") + '"';
        awaitRest(table);
        try (var target = target(); var statement = target.createStatement()) {
            assertEquals(1, statement.executeUpdate("DELETE FROM " + table + " WHERE id = '" + OWN.get(0) + "'"));
            assertEquals(1, statement.executeUpdate("UPDATE " + table + " SET document = jsonb_set(document, '{name}', '\"altered by hand\"') WHERE id = '" + OWN.get(1) + "'"));
            assertEquals(1, statement.executeUpdate("INSERT INTO " + table + " (id, version, document) SELECT '-7', version, document FROM " + table + " WHERE id = '" + OWN.get(2) + "'"));
        }
        var found = verified(false);
        assertEquals("1 missing, 1 different, 1 orphaned", kinds(found), found::prettify);
        assertTrue(found.getInt("documents") > MONITORS / 2, found::prettify);
        var repaired = verified(true);
        assertEquals("agrees 3", repaired.getString("state") + " " + repaired.getInt("repaired"), repaired::prettify);
        var after = verified(false);
        assertEquals("agrees 0 missing, 0 different, 0 orphaned", after.getString("state") + " " + kinds(after), after::prettify);
        assertEquals(OWN.size(), rows("documents." + VIEW + " WHERE id LIKE '-%' AND document->>'name' LIKE 'own %'"));
    }

    /** A first load writes a document once more where what it refers to comes behind it, and would undo what is done to it. */
    private static void awaitRest(String table) {
        var before = new AtomicReference<List<String>>();
        Awaitility.await("nothing is written any more").atMost(LONGEST).pollInterval(Duration.ofSeconds(5)).until(() -> {
            try (var target = target()) {
                var written = List.copyOf(texts(target, "SELECT id, xmin::text FROM " + table).values());
                return written.equals(before.getAndSet(written));
            }
        });
    }

    private static String kinds(JsonPath report) {
        return report.getInt("missing") + " missing, " + report.getInt("different") + " different, " + report.getInt("orphaned") + " orphaned";
    }

    private static JsonPath verified(boolean repair) throws IOException {
        String id = api(Stage.PURGE).body("{\"repair\":" + repair + "}").post("/pipelines/" + PIPELINE + "/verifications").then().statusCode(202).extract().path("id");
        return Awaitility.await("the verification ends").atMost(LONGEST).pollInterval(Duration.ofMillis(250))
                .until(() -> api(Stage.PURGE).get("/verifications/" + id).then().statusCode(200).extract().jsonPath(), report -> !report.getString("state").equals("running"));
    }

    /** Callers ask by the name that they know, and read the view: an earlier pipeline's table, which nobody sees, must not answer for it. */
    @Order(3)
    @Test
    void aPositionIsFreshWhenTheTableThatTheViewShowsHasItAndNotWhenAnotherOneHas() throws Exception {
        var later = PIPELINE + "-2";
        Files.writeString(folder.resolve(later + ".yaml"), Files.readString(folder.resolve(PIPELINE + ".yaml")).replace("name: " + PIPELINE + "\n", "name: " + later + "\nreplaces: [" + PIPELINE + "]\n"));
        var earlier = served("name");
        stack.provision();
        for (var stage : List.of(Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE)) {
            stack.process(stage).stop();
            stack.process(stage).start();
        }
        Awaitility.await("the later pipeline's table is served").atMost(LONGEST).until(() -> served("pipeline").equals(later));
        var needle = "needle" + System.nanoTime();
        String position;
        try (var held = target(); var lock = held.createStatement()) {
            held.setAutoCommit(false);
            lock.execute("LOCK TABLE documents.\"" + served("name") + "\" IN SHARE ROW EXCLUSIVE MODE");
            try (var connection = stack.connect(); var statement = connection.createStatement()) {
                statement.executeUpdate("UPDATE public.monitor SET name = '" + needle + "' WHERE id = (SELECT min(id) FROM public.monitor)");
                try (var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
                    row.next();
                    position = row.getString(1);
                }
            }
            Awaitility.await("the earlier table has it").atMost(LONGEST).until(() -> rows("documents.\"" + earlier + "\" WHERE document->>'name' = '" + needle + "'") == 1);
            var answer = fresh(position, "10s");
            assertFalse(answer.getBoolean("fresh"), answer::prettify);
            assertEquals(0, rows("documents." + VIEW + " WHERE document->>'name' = '" + needle + "'"), "no reader sees it");
        }
        Awaitility.await("the view's table has it").atMost(LONGEST).until(() -> fresh(position, "20s").getBoolean("fresh"));
        assertEquals(1, rows("documents." + VIEW + " WHERE document->>'name' = '" + needle + "'"));
    }

    private static JsonPath fresh(String position, String wait) throws IOException {
        return api(Stage.PURGE).queryParam("position", position).queryParam("wait", wait).get("/pipelines/" + PIPELINE + "/freshness").then().statusCode(200).extract().jsonPath();
    }

    private static RequestSpecification api(Stage stage) throws IOException {
        return RestAssured.given().baseUri(stack.address(stage).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static long rows(String from) throws SQLException {
        try (var target = target(); var statement = target.createStatement(); var row = statement.executeQuery("SELECT count(*) FROM " + from)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** What the book says of the table that the view shows. */
    private static String served(String column) throws SQLException {
        try (var target = target(); var statement = target.createStatement(); var row = statement.executeQuery("SELECT " + column + " " + SERVED)) {
            row.next();
            return row.getString(1);
        }
    }

    /** The name of the table that is built beside the one that serves. */
    private static String rebuilt() {
        var made = new AtomicReference<String>();
        Awaitility.await("another table is begun").atMost(LONGEST).ignoreExceptions().until(() -> {
            made.set(api(Stage.INDEXER).post("/pipelines/" + PIPELINE + "/generations").then().statusCode(202).extract().path("index"));
            return true;
        });
        return made.get();
    }

    private static void ask(String method, String path, int status) {
        Awaitility.await(method + " " + path).atMost(LONGEST).ignoreExceptions().until(() -> api(Stage.INDEXER).request(method, "/pipelines/" + PIPELINE + "/generations" + path).statusCode() == status);
    }

    /** Where it was given up because a killed one was away for too long, it is asked for again, as a person would. */
    private static void awaitServed(String index) {
        Awaitility.await(index + " is served").pollInterval(Duration.ofSeconds(1)).atMost(LONGEST).ignoreExceptions().until(() -> {
            if (served("name").equals(index)) {
                return true;
            }
            api(Stage.INDEXER).post("/pipelines/" + PIPELINE + "/generations/" + index + "/service");
            return false;
        });
    }

    private static void kill(ManagedProcess process, VersionWatch versions) throws InterruptedException {
        versions.maySeeNothing = process == stack.stack().servers().postgres();
        process.kill();
        process.start();
        versions.maySeeNothing = false;
    }

    private static void awaitMore(BackgroundTraffic traffic, int transactions) {
        long until = traffic.transactions() + transactions;
        Awaitility.await("the traffic goes on").atMost(LONGEST).until(() -> traffic.transactions() >= until);
    }

    private static void awaitAgreement(Replica replica) throws SQLException {
        var last = new ArrayList<Comparison>();
        try {
            Awaitility.await("all three equal the join").pollInterval(Duration.ofSeconds(2)).atMost(LONGEST).until(() -> {
                last.clear();
                last.addAll(compare(replica));
                return last.stream().allMatch(comparison -> comparison.agrees() && comparison.expected() > MONITORS / 2);
            });
        } finally {
            last.forEach(comparison -> System.out.println(comparison.describe()));
        }
    }

    private static List<Comparison> compare(Replica replica) throws SQLException {
        var oracle = SqlOracle.of("monitors");
        try (var connection = stack.connect(); var target = target()) {
            var expected = oracle.read(connection);
            // As jsonb has it, so that what it does with numbers and keys is done to both.
            return List.of(Comparison.of("index", expected, stack.index().read("monitors")), Comparison.of("copy", expected, replica.documents()),
                    Comparison.of("table", texts(connection, "SELECT id::text, document::jsonb::text FROM (" + oracle.sql().strip().replaceFirst(";$", "") + ") o"), texts(target, "SELECT id, document::text FROM documents." + VIEW)));
        }
    }

    private static Connection target() throws SQLException {
        var servers = stack.stack().servers();
        return DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword());
    }

    /** Canonical JSON by document id. */
    private static Map<String, String> texts(Connection connection, String query) throws SQLException {
        var texts = new TreeMap<String, String>();
        try (var statement = connection.createStatement(); var rows = statement.executeQuery(query)) {
            while (rows.next()) {
                texts.put(rows.getString(1), CanonicalJson.of(rows.getString(2)));
            }
        }
        return texts;
    }

    /** Looks at the view without a pause: no document's version falls from one look to the next, none that was gone comes back as it was, and no look finds a table that is not filled. */
    private static final class VersionWatch implements AutoCloseable {

        private static final int MOST_FAULTS = 20;

        private final List<String> faults = new CopyOnWriteArrayList<>();
        /** The highest version of each document that was ever seen. */
        private final Map<String, Long> seen = new HashMap<>();
        private Set<String> present = Set.of();
        private volatile boolean maySeeNothing;
        private volatile boolean stopping;
        private volatile int looks;
        private final Thread thread = Thread.ofPlatform().name("versions").start(this::live);

        private void live() {
            try {
                while (!stopping && faults.size() < MOST_FAULTS) {
                    watch();
                }
            } catch (InterruptedException e) {
                faults.add("looking at the view was interrupted");
            }
        }

        private void watch() throws InterruptedException {
            try (var target = target(); var statement = target.createStatement()) {
                while (!stopping && faults.size() < MOST_FAULTS) {
                    var found = new HashMap<String, Long>();
                    try (var rows = statement.executeQuery("SELECT id, version FROM documents." + VIEW)) {
                        while (rows.next()) {
                            found.put(rows.getString(1), rows.getLong(2));
                        }
                    }
                    look(found);
                    Thread.sleep(50);
                }
            } catch (SQLException e) {
                if (!maySeeNothing) {
                    faults.add("looking at the view ended by " + e);
                }
                Thread.sleep(100);
            }
        }

        private void look(Map<String, Long> found) {
            found.forEach(this::compare);
            var lacking = OWN.stream().filter(id -> !found.containsKey(id)).toList();
            if (!lacking.isEmpty()) {
                faults.add("a look found " + found.size() + " documents, and not " + lacking + ", which nobody deletes");
            }
            present = found.keySet();
            looks++;
        }

        private void compare(String id, long version) {
            var before = seen.put(id, version);
            if (before != null && version < before) {
                faults.add("document " + id + " was seen at version " + before + ", and later at " + version);
            } else if (before != null && version == before && !present.contains(id)) {
                faults.add("document " + id + " was gone, and came back at version " + version + ", which it had before");
            }
        }

        @Override
        public void close() throws InterruptedException {
            stopping = true;
            thread.join();
        }
    }
}
