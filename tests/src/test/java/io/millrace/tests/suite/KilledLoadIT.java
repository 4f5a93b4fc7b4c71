package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** kill -9 of each service in the middle of a first load: every document is right, and the load goes on where it was rather than from its beginning. */
@Tag("long")
class KilledLoadIT {

    private static final int MONITORS = 10_000;
    private static final String CAPTURED = "captured.demo.public.";
    private static final String ROWS = "rows.demo.public.";
    private static final String DOCUMENTS = "documents.monitors";
    /** Of what is put out in the whole load, when the service is killed. */
    private static final double MIDDLE = 0.6;
    /** As much of it again as may be put out for the kill: capture reads a piece of 8,192 rows again of each table that it is at. All of what stood there would be more. */
    private static final double SOME = 0.55;
    /** The scan of a first build begins anew until its last document is committed; what it reads is there. */
    private static final double ALL = 1;

    /**
     * @param of the topics whose records tell how far the load is
     * @param again share of a topic that may be put out twice
     */
    record Kill(Stage stage, String of, double again) {

        @Override
        public String toString() {
            return stage.stageName() + " while " + of + "* is written";
        }
    }

    static Stream<Kill> kills() {
        return Stream.of(new Kill(Stage.CAPTURE, CAPTURED, SOME), new Kill(Stage.GATE, ROWS, SOME), new Kill(Stage.DENORMALIZER, ROWS, SOME), new Kill(Stage.DENORMALIZER, DOCUMENTS, ALL), new Kill(Stage.INDEXER, DOCUMENTS, SOME));
    }

    @ParameterizedTest
    @MethodSource("kills")
    void theLoadGoesOn(Kill kill) throws Exception {
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("killed-load");
        DemoStack.delete(data);
        try (var stack = new DemoStack(data, SharedStack.PORT_BASE + 1000, MONITORS, new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)))) {
            stack.startServers();
            stack.load();
            stack.provision();
            var whole = Map.of(CAPTURED, rows(stack), ROWS, rows(stack), DOCUMENTS, Long.parseLong(stack.value("SELECT count(*) FROM public.monitor")));
            try (var kafka = Admin.create(Map.copyOf(stack.stack().servers().kafkaAdmin()))) {
                for (var stage : Stage.values()) {
                    stack.process(stage).launch();
                }
                Awaitility.await("the middle of the load").pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(10)).atMost(Duration.ofMinutes(3)).until(() -> put(kafka, kill.of) > MIDDLE * whole.get(kill.of));
                stack.process(kill.stage).kill();
                var then = put(kafka, kill.of);
                stack.process(kill.stage).start();
                for (var stage : Stage.values()) {
                    stack.process(stage).awaitReady();
                }
                stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
                assertTrue(then < whole.get(kill.of), () -> "it was killed when all was through: " + then);
                var end = new HashMap<String, Long>();
                for (var of : whole.keySet()) {
                    end.put(of, put(kafka, of));
                }
                System.out.printf("%s: killed at %,d; of %s there are %s%n", kill, then, whole, end);
                whole.forEach((of, count) -> assertTrue(end.get(of) <= (1 + (of.equals(kill.of) ? kill.again : SOME)) * count, () -> of + "* has " + end.get(of) + " records for " + count));
            }
        }
    }

    /** Records that were ever put into the topics of that beginning. */
    private static long put(Admin kafka, String of) throws ExecutionException, InterruptedException {
        var topics = kafka.listTopics().names().get().stream().filter(topic -> topic.startsWith(of)).toList();
        var partitions = kafka.describeTopics(topics).allTopicNames().get().values().stream().flatMap(topic -> topic.partitions().stream().map(partition -> new TopicPartition(topic.name(), partition.partition()))).toList();
        return ends(kafka, partitions);
    }

    private static long ends(Admin kafka, Collection<TopicPartition> partitions) throws ExecutionException, InterruptedException {
        return kafka.listOffsets(partitions.stream().collect(Collectors.toMap(partition -> partition, _ -> OffsetSpec.latest()))).all().get().values().stream().mapToLong(end -> end.offset()).sum();
    }

    private static long rows(DemoStack stack) throws SQLException {
        long rows = 0;
        for (var table : stack.value("SELECT string_agg(tablename, ' ') FROM pg_publication_tables WHERE schemaname = 'public'").split(" ")) {
            rows += Long.parseLong(stack.value("SELECT count(*) FROM public." + table));
        }
        return rows;
    }
}
