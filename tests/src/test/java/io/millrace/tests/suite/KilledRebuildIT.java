package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.Traffic;
import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.comparison.Json;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An index is built anew, takes over and gives back while rows change, somebody reads all the while, and the join or the indexer is killed at each step. */
@Tag("long")
@ExtendWith(SharedStack.class)
class KilledRebuildIT {

    private static final int RATE = 200;
    private static final String ALIAS = "monitors";
    private static final Duration LONGEST = Duration.ofMinutes(4);
    private static final int LONGEST_PAUSE_MILLIS = 2_500;

    private final DemoStack stack;
    private final Random random = new Random(21);

    KilledRebuildIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void readersSeeOneWholeIndexThatNeverGoesBackWhoeverIsKilledAtWhateverStep() throws Exception {
        stack.settled().await();
        var first = served();
        var reader = new Reader();
        try (reader; var traffic = BackgroundTraffic.start(stack, 21, RATE, Traffic.Mix.STEADY)) {
            for (var killed : List.of(Stage.DENORMALIZER, Stage.INDEXER)) {
                awaitMore(traffic);
                var built = rebuilt();
                kill(killed);
                awaitServed(built);
                kill(killed);
                awaitMore(traffic);
                serve(first);
                kill(killed);
                awaitServed(first);
                serve(built);
                awaitServed(built);
                var before = first;
                kill(killed);
                patience(before + " is retired").until(() -> Set.of(204, 404).contains(generations().delete("/" + before).statusCode()));
                first = built;
            }
            var kept = rebuilt();
            awaitServed(kept);
            traffic.stop();
            stack.settled().await();
            for (var index : List.of(first, kept)) {
                patience(index + " equals the SQL join").untilAsserted(() -> {
                    var comparison = compared(index);
                    assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe);
                });
            }
            serve(first);
            awaitServed(first);
            patience(kept + " is retired").until(() -> Set.of(204, 404).contains(generations().delete("/" + kept).statusCode()));
        }
        assertEquals(List.of(), reader.faults);
        assertTrue(reader.looks > 100, () -> "only " + reader.looks + " looks at the index");
        System.out.printf("%d looks at the index through %d indexes, none of which went back%n", reader.looks, reader.indexes.size());
    }

    private void kill(Stage stage) throws InterruptedException {
        Thread.sleep(random.nextInt(LONGEST_PAUSE_MILLIS));
        stack.process(stage).kill();
        stack.process(stage).start();
    }

    private String rebuilt() {
        var made = new String[1];
        patience("another index is begun").until(() -> {
            made[0] = generations().post().then().statusCode(202).extract().path("index");
            return true;
        });
        return made[0];
    }

    private void serve(String index) {
        patience(index + " is to serve").until(() -> Set.of(202, 409).contains(generations().post("/" + index + "/service").statusCode()));
    }

    /** Where it was given up because a killed one was away for too long, it is asked for again, as a person would. */
    private void awaitServed(String index) {
        patience(index + " serves").pollInterval(Duration.ofSeconds(1)).until(() -> {
            if (served().equals(index)) {
                return true;
            }
            generations().post("/" + index + "/service");
            return false;
        });
    }

    private String served() {
        return stack.index().ask("GET", "/_alias/" + ALIAS, null) instanceof Json.Members(var members) ? String.join(",", members.keySet()) : "";
    }

    private Comparison compared(String index) throws SQLException {
        try (var connection = stack.connect()) {
            return Comparison.of(index, SqlOracle.of(ALIAS).read(connection), stack.index().read(index));
        }
    }

    private RequestSpecification generations() throws IOException {
        return RestAssured.given().baseUri(stack.address(Stage.INDEXER).toString()).basePath("/pipelines/" + ALIAS + "/generations").header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static void awaitMore(BackgroundTraffic traffic) {
        long until = traffic.transactions() + 60;
        Awaitility.await("the traffic goes on").atMost(Duration.ofSeconds(90)).until(() -> traffic.transactions() >= until);
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).atMost(LONGEST).ignoreExceptions();
    }

    /** Looks at the alias again and again: each answer is of one index, which is filled, and no document's version falls from one answer to the next. */
    private final class Reader implements AutoCloseable {

        private static final int MOST_FAULTS = 20;
        /** Of the documents of one look, those that the next one finds at least: so many are not deleted in between. */
        private static final double LEAST = 0.75;
        private static final Duration PAUSE = Duration.ofMillis(20);

        private final List<String> faults = new CopyOnWriteArrayList<>();
        private final Map<String, Integer> indexes = new HashMap<>();
        /** The highest version of each document that was ever seen, and in which index. */
        private final Map<String, Seen> seen = new HashMap<>();
        private int documents;
        private volatile boolean stopping;
        private volatile int looks;
        private final Thread thread = Thread.ofPlatform().name("reader").start(this::read);

        private record Seen(long version, String index) {}

        private void read() {
            while (!stopping && faults.size() < MOST_FAULTS) {
                try {
                    look(stack.index().ask("POST", "/" + ALIAS + "/_search", "{\"size\":10000,\"version\":true,\"_source\":false}").get("hits").get("hits").items());
                } catch (RuntimeException e) {
                    faults.add("a look failed: " + e);
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }

        private void look(List<Json> hits) {
            var answered = hits.stream().map(hit -> hit.get("_index").asText()).distinct().toList();
            if (answered.size() != 1 || hits.size() < documents * LEAST) {
                faults.add("an answer had " + hits.size() + " documents of " + answered + ", the one before " + documents);
            }
            hits.forEach(this::compare);
            answered.forEach(index -> indexes.merge(index, 1, Integer::sum));
            documents = hits.size();
            looks++;
        }

        private void compare(Json hit) {
            var found = new Seen(Long.parseLong(hit.get("_version").asText()), hit.get("_index").asText());
            var before = seen.put(hit.get("_id").asText(), found);
            if (before != null && found.version() < before.version()) {
                faults.add("document " + hit.get("_id").asText() + " was seen as " + before + ", and later as " + found);
            }
        }

        @Override
        public void close() throws InterruptedException {
            stopping = true;
            thread.join();
        }
    }
}
