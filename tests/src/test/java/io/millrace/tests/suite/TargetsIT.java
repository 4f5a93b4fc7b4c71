package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same rows in an index, in a table and in a copy that somebody else keeps: all equal the SQL join, though what writes them is killed while the rows change. */
@Tag("long")
class TargetsIT {

    private static final int MONITORS = 800;
    private static final int RATE = 200;
    private static final int ROUNDS = 3;
    private static final Duration LONGEST = Duration.ofMinutes(4);

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

    @Test
    void anIndexATableAndAStockConsumersCopyEqualTheJoinThoughWhoWritesThemIsKilled() throws Exception {
        try (var replica = new Replica(stack.stack().servers().kafkaBootstrap(), "documents.monitors-table"); var versions = new VersionWatch()) {
            try (var traffic = BackgroundTraffic.start(stack, 21, RATE)) {
                for (int round = 0; round < ROUNDS; round++) {
                    for (var killed : List.of(stack.process(Stage.INDEXER), stack.process(Stage.DENORMALIZER), stack.stack().servers().search())) {
                        awaitMore(traffic, 60);
                        kill(killed);
                    }
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

    private static void kill(ManagedProcess process) throws InterruptedException {
        process.kill();
        process.start();
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
                    Comparison.of("table", texts(connection, "SELECT id::text, document::jsonb::text FROM (" + oracle.sql().strip().replaceFirst(";$", "") + ") o"), texts(target, "SELECT id, document::text FROM documents.monitors_table")));
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

    /** Looks at the view without a pause: no document's version falls from one look to the next. */
    private static final class VersionWatch implements AutoCloseable {

        private static final int MOST_FAULTS = 20;

        private final List<String> faults = new ArrayList<>();
        private final Map<String, AtomicLong> seen = new TreeMap<>();
        private final Thread thread = Thread.ofPlatform().name("versions").start(this::live);
        private volatile boolean stopping;
        private volatile int looks;

        private void live() {
            try (var target = target(); var statement = target.createStatement()) {
                while (!stopping && faults.size() < MOST_FAULTS) {
                    try (var rows = statement.executeQuery("SELECT id, version FROM documents.monitors_table")) {
                        while (rows.next()) {
                            look(rows.getString(1), rows.getLong(2));
                        }
                    }
                    looks++;
                    Thread.sleep(50);
                }
            } catch (SQLException e) {
                faults.add("looking at the view ended by " + e);
            } catch (InterruptedException e) {
                faults.add("looking at the view was interrupted");
            }
        }

        private void look(String id, long version) {
            long before = seen.computeIfAbsent(id, i -> new AtomicLong()).getAndSet(version);
            if (version < before) {
                faults.add("document " + id + " was seen at version " + before + ", and later at " + version);
            }
        }

        @Override
        public void close() throws InterruptedException {
            stopping = true;
            thread.join();
        }
    }
}
