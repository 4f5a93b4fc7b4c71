package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.join.LosingJoin;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.file.PipelineFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Services that are killed, multiplied and starved of disk while rows move; and the proof that a loss would be found. */
@Tag("long")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CrashIT {

    /** Long, so that a kill finds much that is done and not committed. */
    private static final Map<String, String> SETTINGS = Map.of("millrace.denormalizer.commit-interval", "3s", "millrace.denormalizer.standby-replicas", "1", "millrace.denormalizer.session-timeout", "6s");
    private static final String TEETH = "teeth";

    @TempDir
    static Path data;
    static World world;
    static ManagedProcess first;
    static ManagedProcess second;
    static ManagedProcess third;

    @BeforeAll
    static void start() throws Exception {
        world = new World(data, Map.of(TEETH, "monitors"));
        first = world.stack.service(1, World.FILES.toString(), SETTINGS);
        second = world.stack.service(2, World.FILES.toString(), SETTINGS);
        third = world.stack.service(3, World.FILES.toString(), SETTINGS);
        world.traffic.transactions(300);
        world.change("INSERT INTO monitor (id, title) VALUES (5001, 'a'), (5002, 'b'), (5003, 'c')");
        first.start();
        world.converges("the first build");
    }

    @AfterAll
    static void stop() {
        if (world != null) {
            world.close();
        }
    }

    @AfterEach
    void oneInstanceRuns() {
        second.stop();
        third.stop();
        if (first.running().isEmpty()) {
            first.start();
        }
    }

    /** A moment that differs from round to round: so many more documents have come out, or none comes any more. */
    private static void someMomentLater() {
        var found = world.documents("monitors");
        found.now();
        long until = found.records() + world.random.nextInt(60);
        var quiet = new long[] {found.records(), System.nanoTime()};
        await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(1)).until(() -> {
            found.now();
            if (found.records() != quiet[0]) {
                quiet[0] = found.records();
                quiet[1] = System.nanoTime();
            }
            return found.records() >= until || System.nanoTime() - quiet[1] > Duration.ofSeconds(1).toNanos();
        });
    }

    @Test
    @Order(1)
    void killsAtAnyMomentLoseNothing() throws Exception {
        for (int round = 0; round < 12; round++) {
            world.load(80);
            someMomentLater();
            first.kill();
            if (world.random.nextBoolean()) {
                world.load(20);
            }
            first.start();
            if (round % 3 == 2) {
                world.converges("kill " + round);
            }
        }
    }

    private static void recipient(int id, int monitor) throws SQLException {
        world.change("INSERT INTO recipient (id, monitor_id, kind, address) VALUES (" + id + ", " + monitor + ", 'k', 'x" + id + "') ON CONFLICT (id) DO UPDATE SET monitor_id = excluded.monitor_id");
    }

    private static boolean shows(int monitor, int recipient) {
        var document = world.documents("monitors").now().get(Integer.toString(monitor));
        return document != null && document.contains("\"x" + recipient + "\"");
    }

    @Test
    @Order(2)
    void aRowThatMovesTwiceWithinOneCommitLeavesNoTraceBehindACrash() throws Exception {
        for (int round = 0; round < 10; round++) {
            int id = 9_000 + round;
            recipient(id, 5001);
            await().atMost(Duration.ofSeconds(60)).until(() -> shows(5001, id));
            recipient(id, 5002);
            if (round % 2 == 0) {
                await().atMost(Duration.ofSeconds(60)).until(() -> shows(5002, id));
            }
            if (round % 3 == 0) {
                first.kill();
                first.start();
            }
            recipient(id, 5003);
            if (round % 4 < 2) {
                await().atMost(Duration.ofSeconds(60)).until(() -> shows(5003, id));
            }
            first.kill();
            first.start();
            world.converges("moved twice, round " + round);
        }
    }

    @Test
    @Order(3)
    void aLookUpThatIsRenamedWhileDocumentsMoveToItIsNewInAllOfThem() throws Exception {
        world.change("INSERT INTO team (id, name) VALUES (801, 'one'), (802, 'two') ON CONFLICT (id) DO NOTHING",
                "INSERT INTO monitor (id, team_id, title) SELECT i, 801, 'many' FROM generate_series(6001, 6600) i");
        for (int round = 0; round < 6; round++) {
            int to = 801 + round % 2;
            world.change("UPDATE team SET name = 'renamed " + round + "' WHERE id = " + to);
            world.change("UPDATE monitor SET team_id = " + to + " WHERE id BETWEEN 6001 AND 6600");
            world.change("UPDATE team SET name = 'again " + round + "' WHERE id = " + to);
            someMomentLater();
            first.kill();
            first.start();
            world.converges("renamed while documents move, round " + round);
        }
        world.change("DELETE FROM monitor WHERE id BETWEEN 6001 AND 6600");
    }

    @Test
    @Order(4)
    void oneInstanceBecomesThreeAndOneAgain() throws Exception {
        for (int round = 0; round < 2; round++) {
            second.launch();
            third.launch();
            world.load(80);
            second.awaitReady();
            third.awaitReady();
            world.load(80);
            world.converges("three instances");
            List.of(first, second, third).get(world.random.nextInt(3)).kill();
            world.load(80);
            world.converges("one of three was killed");
            for (var instance : List.of(first, second, third)) {
                if (instance.running().isEmpty()) {
                    instance.start();
                }
            }
            world.load(40);
            second.kill();
            world.load(40);
            third.stop();
            world.load(40);
            world.converges("one instance again");
        }
    }

    @Test
    @Order(5)
    void anInstanceWithAnEmptyDiskRestoresAll() throws Exception {
        world.load(50);
        first.stop();
        Scratch.delete(data.resolve("state-1"));
        world.load(50);
        first.start();
        world.load(50);
        world.converges("restored from nothing");
    }

    @Test
    @Order(6)
    void aDiskThatTakesNoMoreStopsTheJoinAndSpaceLetsItGoOn() throws Exception {
        first.stop();
        var settings = new HashMap<>(SETTINGS);
        settings.put("millrace.denormalizer.write-buffer-bytes", Integer.toString(1 << 20));
        var starved = world.stack.starved(4, World.FILES.toString(), settings, 96);
        starved.launch();
        world.change("INSERT INTO monitor (id, title) SELECT i, (SELECT string_agg(md5(i || '/' || j), '') FROM generate_series(1, 20) j) FROM generate_series(20001, 26000) i");
        await().atMost(Duration.ofSeconds(120)).until(() -> world.stack.health(4).contains("Writing the state"));
        assertTrue(starved.running().isPresent(), "the service ended instead of waiting");
        starved.stop();
        world.stack.service(4, World.FILES.toString(), SETTINGS).start();
        world.converges("the disk takes more again");
        world.change("DELETE FROM monitor WHERE id > 20000");
    }

    @Test
    @Order(7)
    void aRemovalThatIsLostIsFound() throws Exception {
        var file = data.resolve("teeth.yaml");
        Files.writeString(file, Files.readString(World.FILES.resolve("monitors.yaml")).replace("name: monitors", "name: " + TEETH));
        world.change("INSERT INTO recipient (id, monitor_id, kind, address) VALUES (9900, 5001, 'k', 'x9900')");
        var pipeline = PipelineFiles.load(List.of(file)).getFirst().pipeline();
        try (var losing = LosingJoin.of(pipeline, Schema.TABLES.get("monitor").keySchema(), world.rows::schema, data.resolve("state-teeth"), world.stack.servers().kafkaBootstrap())) {
            world.converges(List.of(TEETH), "before the loss");
            losing.loseNextRemoval();
            // Whatever came again would say the removal again.
            world.changeOnly("UPDATE recipient SET monitor_id = 5002 WHERE id = 9900");
            await().atMost(Duration.ofSeconds(60)).until(losing::hasLost);
            var found = world.documents(TEETH);
            await().atMost(Duration.ofSeconds(60)).until(() -> found.now().get("5002").contains("x9900"));
            world.changeOnly("INSERT INTO monitor (id, title) VALUES (5999, 'the end')");
            await().atMost(Duration.ofSeconds(60)).until(() -> found.now().containsKey("5999"));
            var difference = World.difference(world.expected(TEETH), found.now());
            assertTrue(difference.startsWith("document 5001\n"), "the lost removal was not found: " + difference);
            assertEquals(List.of(), found.regressions());
        }
    }
}
