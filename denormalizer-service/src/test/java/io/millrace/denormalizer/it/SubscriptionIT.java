package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.join.LosingJoin;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.file.Pipeline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Pipelines all of whose look-ups are subscribed to, in four partitions of a real Kafka, against the SQL join: whoever is killed, comes or goes, and whatever is lost. */
@Tag("long")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SubscriptionIT {

    private static final Map<String, String> SETTINGS = Map.of("millrace.denormalizer.session-timeout", "6s", "millrace.denormalizer.commit-interval", "2s");
    private static final String LOSING = "losing";
    private static final List<String> SUBSCRIBING = World.PIPELINES.stream().map(SubscriptionIT::subscribing).toList();

    @TempDir
    static Path data;
    static Path files;
    static World world;
    static ManagedProcess first;
    static ManagedProcess second;

    @BeforeAll
    static void start() throws Exception {
        var pipelines = new HashMap<>(Map.of(LOSING, "monitors"));
        World.PIPELINES.forEach(p -> pipelines.put(subscribing(p), p));
        world = new World(data, pipelines);
        files = Files.createDirectory(data.resolve("subscribing"));
        for (var name : World.PIPELINES) {
            write(name, files.resolve(name + ".yaml"), subscribing(name));
        }
        first = world.stack.service(1, files.toString(), SETTINGS);
        second = world.stack.service(2, files.toString(), SETTINGS);
    }

    @AfterAll
    static void stop() {
        if (world != null) {
            world.close();
        }
    }

    private static String subscribing(String pipeline) {
        return pipeline + "-subscribing";
    }

    private static Pipeline write(String from, Path to, String name) throws Exception {
        return Subscribing.write(World.FILES.resolve(from + ".yaml"), to, name);
    }

    @Test
    @Order(1)
    void theFirstBuildMakesEachDocumentOnceThoughEachWaitsForItsLookUps() throws Exception {
        world.load(300);
        first.start();
        world.converges(SUBSCRIBING, "the first build");
        for (var pipeline : SUBSCRIBING) {
            assertTrue(world.documents(pipeline).records() <= world.expected(pipeline).size() + 30,
                    pipeline + " has " + world.documents(pipeline).records() + " records for " + world.expected(pipeline).size() + " documents");
        }
    }

    @Test
    @Order(2)
    void changesInAnyOrderReplaysAndTruncatesConverge() throws Exception {
        for (var table : List.of("person", "team", "tag", "monitor")) {
            world.load(100);
            world.converges(SUBSCRIBING, "changes before the truncate of " + table);
            world.change("TRUNCATE " + table);
            world.load(20);
            world.converges(SUBSCRIBING, "truncate of " + table);
        }
    }

    @Test
    @Order(3)
    void aLookUpInManyDocumentsOfEveryPartitionReachesAll() throws Exception {
        world.change("INSERT INTO team (id, name) VALUES (801, 'one'), (802, 'two') ON CONFLICT (id) DO NOTHING",
                "INSERT INTO monitor (id, team_id, title) SELECT i, 801, 'many' FROM generate_series(6001, 6600) i");
        for (int round = 0; round < 3; round++) {
            int to = 801 + round % 2;
            world.change("UPDATE team SET name = 'renamed " + round + "' WHERE id = " + to);
            world.change("UPDATE monitor SET team_id = " + to + " WHERE id BETWEEN 6001 AND 6600");
            world.change("UPDATE team SET name = 'again " + round + "' WHERE id = " + to);
            world.converges(SUBSCRIBING, "renamed while documents move, round " + round);
        }
        world.change("DELETE FROM monitor WHERE id BETWEEN 6001 AND 6600");
        world.converges(SUBSCRIBING, "all of them left");
    }

    @Test
    @Order(4)
    void killsInTheMiddleOfChangesConverge() throws Exception {
        for (int round = 0; round < 16; round++) {
            world.load(80);
            Thread.sleep(world.random.nextInt(1_500));
            first.kill();
            world.load(20);
            first.start();
            if (round % 2 == 1) {
                world.converges(SUBSCRIBING, "kill " + round);
            }
        }
    }

    @Test
    @Order(5)
    void oneInstanceBecomesTwoAndTheFirstIsKilled() throws Exception {
        world.load(60);
        second.start();
        world.load(60);
        world.converges(SUBSCRIBING, "a second instance with an empty disk came");
        world.load(60);
        first.kill();
        world.load(60);
        world.converges(SUBSCRIBING, "the first instance was killed");
        first.start();
        world.load(60);
        world.converges(SUBSCRIBING, "it came back");
        second.stop();
        world.load(20);
        world.converges(SUBSCRIBING, "the second instance left");
    }

    @Test
    @Order(6)
    void anAskOrAnAnswerThatIsLostIsRepeatedAndALostChangeWouldBeFound() throws Exception {
        world.change("INSERT INTO team (id, name) VALUES (901, 'a'), (902, 'b'), (903, 'c')", "INSERT INTO monitor (id, title) VALUES (5001, 'x')");
        var pipeline = write("monitors", data.resolve("losing.yaml"), LOSING);
        try (var losing = LosingJoin.of(pipeline, Schema.TABLES.get("monitor").keySchema(), world.rows::schema, data.resolve("state-losing"), world.stack.servers().kafkaBootstrap())) {
            world.converges(List.of(LOSING), "before the loss");
            for (int team : List.of(901, 902)) {
                if (team == 901) {
                    losing.loseNextSubscribe();
                } else {
                    losing.loseNextAnswer();
                }
                world.change("UPDATE monitor SET team_id = " + team + " WHERE id = 5001");
                await().atMost(Duration.ofSeconds(60)).until(losing::hasLost);
                world.converges(List.of(LOSING), "what was lost was asked for again");
            }
            losing.loseNotices();
            world.change("UPDATE team SET name = 'new' WHERE id = 902");
            await().atMost(Duration.ofSeconds(60)).until(losing::hasLost);
            world.change("INSERT INTO monitor (id, title) VALUES (5999, 'the end')");
            var found = world.documents(LOSING);
            await().atMost(Duration.ofSeconds(60)).until(() -> found.now().containsKey("5999"));
            var difference = World.difference(world.expected(LOSING), found.now());
            assertTrue(difference.startsWith("document 5001\n"), "the lost change was not found: " + difference);
            assertEquals(List.of(), found.regressions());
        }
    }
}
