package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Documents against the SQL join, whatever order the rows come in and whoever is killed. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class JoinIT {

    /** Others take over as soon as Kafka allows, from one that leaves at once. */
    private static final Map<String, String> LEAVING = Map.of("millrace.denormalizer.session-timeout", "6s");
    private static final Map<String, String> STAYING = Map.of("millrace.denormalizer.session-timeout", "6s", "millrace.denormalizer.leave-on-stop", "false");

    @TempDir
    static Path data;
    static World world;
    static ManagedProcess service;

    @BeforeAll
    static void start() throws Exception {
        world = new World(data, Map.of());
        service = world.stack.service(1, World.FILES.toString(), STAYING);
    }

    @AfterAll
    static void stop() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Order(1)
    void theFirstBuildWaitsForTheTablesAndMakesEachDocumentOnce() throws Exception {
        var reading = new FirstReading(world.stack, "it", Schema.TABLES.keySet().stream().filter(t -> !t.equals("outboxevent")).map(t -> new TableName("public", t)).toList());
        reading.begins();
        world.traffic.transactions(200);
        world.rows.capture(world.db);
        world.rows.send(world.random, false);
        service.start();
        await().atMost(Duration.ofSeconds(60)).until(() -> world.stack.health(1).contains("capture is still reading public."));
        world.traffic.transactions(200);
        world.rows.capture(world.db);
        world.rows.send(world.random, false);
        await().atMost(Duration.ofSeconds(60)).until(() -> reading.isConsumedBy(Topics.joinGroup("monitors")));
        reading.ends();
        await().atMost(Duration.ofSeconds(60)).until(() -> world.stack.health(1).contains("has not passed all rows"));
        for (var pipeline : World.PIPELINES) {
            world.documents(pipeline).now();
            assertEquals(0, world.documents(pipeline).records(), pipeline + " emitted documents of which rows were still to come");
        }
        reading.isPassed();
        world.converges("after the first build");
        for (var pipeline : World.PIPELINES) {
            assertTrue(world.documents(pipeline).records() <= world.expected(pipeline).size() + 30,
                    pipeline + " has " + world.documents(pipeline).records() + " records for " + world.expected(pipeline).size() + " documents");
        }
    }

    @Test
    @Order(2)
    void changesInAnyOrderAcrossTablesAndReplaysConverge() throws Exception {
        for (int round = 0; round < 4; round++) {
            world.traffic.transactions(150);
            world.rows.capture(world.db);
            world.rows.send(world.random, true);
            world.converges("round " + round);
        }
    }

    @Test
    @Order(3)
    void killsInTheMiddleOfChangesConverge() throws Exception {
        for (int round = 0; round < 2; round++) {
            world.traffic.transactions(150);
            world.rows.capture(world.db);
            world.rows.send(world.random, true);
            service.kill();
            world.traffic.transactions(50);
            world.rows.capture(world.db);
            world.rows.send(world.random, true);
            service.start();
            world.converges("kill " + round);
        }
    }

    @Test
    @Order(7)
    void instancesComeAndGoUnderLoad() throws Exception {
        var second = world.stack.service(2, World.FILES.toString(), LEAVING);
        world.load(60);
        second.start();
        world.load(60);
        world.converges("a second instance with an empty disk came");
        world.load(60);
        service.kill();
        world.load(60);
        world.converges("the first instance was killed");
        service.start();
        world.load(60);
        second.stop();
        world.load(60);
        world.converges("the second instance left");
    }

    @Test
    @Order(4)
    void aTruncatedTableLeavesEveryDocument() throws Exception {
        for (var table : List.of("monitor_tag", "team", "recipient", "org", "monitor")) {
            world.db.createStatement().execute("TRUNCATE " + table);
            world.traffic.transactions(20);
            world.rows.capture(world.db);
            world.rows.send(world.random, true);
            world.converges("truncate of " + table);
        }
    }

    @Test
    @Order(5)
    void anErasedDocumentStaysAwayUntilItsRowIsInsertedAnew() throws Exception {
        world.db.createStatement().execute("INSERT INTO monitor (id, title) VALUES (777, 'secret')");
        world.rows.capture(world.db);
        world.rows.send(world.random, false);
        var found = world.documents("monitors");
        await().atMost(Duration.ofSeconds(60)).until(() -> found.now().containsKey("777"));
        long erasure = world.rows.nextTransaction();
        world.rows.change("outboxevent", "c", null, Map.of("id", "8c5a1a3e-0000-4000-8000-000000000777", "aggregatetype", "monitors", "aggregateid", "777", "type", "erase"));
        world.rows.send(world.random, false);
        await().atMost(Duration.ofSeconds(60)).until(() -> !found.now().containsKey("777"));
        assertTrue(found.version("777") >= erasure, "the delete has the version " + found.version("777") + ", the erasure " + erasure);
        world.db.createStatement().execute("UPDATE monitor SET title = 'still secret' WHERE id = 777");
        world.db.createStatement().execute("INSERT INTO monitor (id, title) VALUES (778, 'after')");
        world.rows.capture(world.db);
        world.rows.send(world.random, true);
        await().atMost(Duration.ofSeconds(60)).until(() -> found.now().containsKey("778"));
        assertTrue(!found.now().containsKey("777"), "an update brought the erased document back");
        world.db.createStatement().execute("DELETE FROM monitor WHERE id = 777");
        world.db.createStatement().execute("INSERT INTO monitor (id, title) VALUES (777, 'new')");
        world.rows.capture(world.db);
        world.rows.send(world.random, true);
        world.converges("after the erased row was inserted anew");
    }

    @Test
    @Order(6)
    void aReplayOfEverythingChangesNothing() throws Exception {
        world.rows.sendAllAgain(world.random);
        world.traffic.transactions(20);
        world.rows.capture(world.db);
        world.rows.send(world.random, false);
        world.converges("after a replay of everything");
    }

    @Test
    @Order(8)
    void oneTransactionOverAllTablesArrivesWhole() throws Exception {
        world.change("INSERT INTO org (id, code, name) VALUES (900, 'c900', 'o')",
                "INSERT INTO person (id, handle, name) VALUES (900, 'h900', 'p')",
                "INSERT INTO team (id, org_id, name, lead_id) VALUES (900, 900, 't', 900)",
                "INSERT INTO monitor (id, team_id, author_id, editor, title) VALUES (900, 900, 900, 'h900', 'm'), (901, 900, 900, NULL, 'n')",
                "INSERT INTO recipient (id, monitor_id, person_id, kind) VALUES (900, 900, 900, 'k')",
                "INSERT INTO tag (id, key, owner_id) VALUES (900, 'g', 900)",
                "INSERT INTO monitor_tag (monitor_id, tag_id, added) VALUES (900, 900, 1)",
                "INSERT INTO step (org_code, no, title) VALUES ('c900', 1, 's')",
                "INSERT INTO note (id, org_code, step_no, body) VALUES (900, 'c900', 1, 'b')",
                "UPDATE recipient SET monitor_id = 901 WHERE id = 900");
        world.converges("one transaction over all tables");
        world.change("DELETE FROM monitor_tag WHERE monitor_id = 900", "INSERT INTO monitor_tag (monitor_id, tag_id, added) VALUES (900, 900, 2)");
        world.converges("a link deleted and inserted again in one transaction");
        world.change("DELETE FROM monitor WHERE id = 900", "INSERT INTO monitor (id, title) VALUES (900, 'again')");
        world.converges("a parent deleted and inserted again in one transaction");
    }

    @Test
    @Order(9)
    void aRowThatMovesTwiceWithACrashBetweenLeavesNoTrace() throws Exception {
        world.change("INSERT INTO monitor (id, title) VALUES (5001, 'a'), (5002, 'b'), (5003, 'c')", "INSERT INTO recipient (id, monitor_id, address) VALUES (5000, 5001, 'x')");
        var found = world.documents("monitors");
        await().atMost(Duration.ofSeconds(60)).until(() -> found.now().getOrDefault("5001", "").contains("\"x\""));
        world.change("UPDATE recipient SET monitor_id = 5002 WHERE id = 5000");
        service.kill();
        world.change("UPDATE recipient SET monitor_id = 5003 WHERE id = 5000");
        service.start();
        world.converges("moved twice with a crash between");
    }

    @Test
    @Order(10)
    void aRowWithoutAKeyIsSetAsideAndStopsNobody() throws Exception {
        world.stack.producer().send(new ProducerRecord<>(Rows.topic("monitor"), 0, null, "no row".getBytes(StandardCharsets.UTF_8)));
        world.load(10);
        world.converges("after a row without a key");
    }

    /** Each commit of a task names every partition that it reads: fifty small writes for a join of twelve tables. */
    @Test
    @Order(11)
    void aJoinThatRestsCommitsNothingAndShowsTheNextChange() {
        try (var commits = new Commits(world.stack.bootstrap(), Topics.joinGroup("monitors"))) {
            await().atMost(Duration.ofSeconds(60)).until(() -> commits.within(Duration.ofSeconds(3)) == 0);
        }
        assertTimeout(Duration.ofSeconds(60), () -> {
            world.change("UPDATE monitor SET title = 'after the rest' WHERE id = 900");
            world.converges("after a rest");
        });
    }

    /** Just what its topic does not take any more: the client would split a batch of it and its neighbours, and send it again, until the batch expires. */
    @Test
    @Order(12)
    void aDocumentThatItsTopicDoesNotTakeIsSetAsideAtOnceAndItsNeighboursArrive() throws Exception {
        service.stop();
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, Topics.documents("monitors"));
        world.stack.admin().incrementalAlterConfigs(Map.of(topic, List.of(new AlterConfigOp(new ConfigEntry("max.message.bytes", "100000"), AlterConfigOp.OpType.SET)))).all().get();
        service.start();
        var found = world.documents("monitors");
        world.change("INSERT INTO monitor (id, title) VALUES (6001, 'before'), (6002, repeat('x', 99900)), (6003, 'after')");
        await().atMost(Duration.ofSeconds(90)).until(() -> found.now().keySet().containsAll(List.of("6001", "6003")));
        assertFalse(found.now().containsKey("6002"));
        world.change("UPDATE monitor SET title = 'small' WHERE id = 6002");
        world.converges("after a document that was too large for its topic");
        world.stack.admin().incrementalAlterConfigs(Map.of(topic, List.of(new AlterConfigOp(new ConfigEntry("max.message.bytes", null), AlterConfigOp.OpType.DELETE)))).all().get();
    }

    @Test
    @Order(13)
    void aRowThatIsDroppedDoubledOrOutOfOrderIsFoundByItsNumber() {
        var gate = new Numbering();
        for (int batch = 0; batch < 5; batch++) {
            var rows = new ArrayList<>(world.rows.first("tag", 0, 8));
            rows.replaceAll(gate::numbered);
            switch (batch) {
                case 1 -> rows.remove(4);
                case 2 -> rows.add(5, rows.get(4));
                case 3 -> rows.add(4, rows.remove(5));
                default -> { }
            }
            rows.forEach(world.stack.producer()::send);
            world.stack.producer().flush();
            gate.settled();
        }
        await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> {
            var health = world.stack.health(1);
            assertTrue(health.contains("ledger of rows.it.public.tag-0") && health.contains("1 written and not in the log, 1 twice, 1 out of order") && health.contains("./millrace resnapshot it public.tag"), health);
            assertFalse(health.contains("ledger of rows.it.public.monitor"), health);
        });
    }

    @Test
    @Order(14)
    void stateOfAnotherShapeIsRefusedWithTheRemedy() throws Exception {
        service.stop();
        var file = data.resolve("monitors.yaml");
        Files.writeString(file, Files.readString(World.FILES.resolve("monitors.yaml")).replace("score, ratio", "score"));
        var other = world.stack.service(1, file.toString(), Map.of());
        other.launch();
        await().atMost(Duration.ofSeconds(90)).until(() -> world.stack.health(1).contains("replaces: [monitors]"));
        other.stop();
        service.start();
        world.load(5);
        world.converges("back with the shape of the state");
    }

    @Test
    @Order(15)
    void anAddedPartitionIsRefusedAndNothingIsJoinedWrongly() throws Exception {
        service.stop();
        world.stack.admin().createPartitions(Map.of(Rows.topic("tag"), NewPartitions.increaseTo(Stack.PARTITIONS + 1))).all().get();
        service.launch();
        await().atMost(Duration.ofSeconds(90)).until(() -> world.stack.health(1).contains("must all have the same number of partitions"));
        assertTrue(service.running().isPresent(), "the service waits for the topic to be made right");
    }
}
