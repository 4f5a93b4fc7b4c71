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
        stack = new DemoStack(data, SharedStack.PORT_BASE, MONITORS, null, List.of(demo, folder), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        stack.start();
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
                for (var killed : List.of(stack.process(Stage.INDEXER), stack.process(Stage.DENORMALIZER), stack.stack().servers().search(), stack.stack().servers().postgres())) {
                    awaitMore(traffic, 60);
                    var built = rebuilt();
                    kill(killed, versions);
                    awaitServed(built);
                    awaitMore(traffic, 60);
                    ask("POST", "/" + first + "/service", 202);
                    if (killed != stack.stack().servers().search()) {
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

    /** Callers ask by the name that they know, and read the view: an earlier pipeline's table, which nobody sees, must not answer for it. */
    @Order(2)
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
        Awaitility.await("the traffic goes on").atMost(Duration.ofSeconds(90)).until(() -> traffic.transactions() >= until);
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
        /** Of the documents of one look, those that the next one finds at least: so many are not deleted in between. */
        private static final double LEAST = 0.75;

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
            if (found.size() < present.size() * LEAST) {
                faults.add("a look found " + found.size() + " documents, the one before " + present.size());
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
