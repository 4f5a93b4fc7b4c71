package io.millrace.denormalizer.it;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.TableName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the documents of a first build come. */
class FirstBuildIT {

    private static final Duration INTERVAL = Duration.ofMinutes(2);

    @TempDir
    static Path data;

    /** The goal of a first build is committed once for the rows, and once for each hop of the exchange. */
    @Test
    void itWaitsForNoIntervalOfCommitsOnceAllTablesHavePassed() throws Exception {
        try (var world = new World(data, Map.of())) {
            var reading = new FirstReading(world.stack, "it", Schema.TABLES.keySet().stream().filter(t -> !t.equals("outboxevent")).map(t -> new TableName("public", t)).toList());
            reading.begins();
            world.traffic.transactions(200);
            world.rows.capture(world.db);
            world.rows.send(world.random, false);
            var service = world.stack.service(1, World.FILES.toString(), Map.of("millrace.denormalizer.commit-interval", INTERVAL.toSeconds() + "s"));
            service.start();
            reading.ends();
            reading.isPassed();
            long began = System.nanoTime();
            world.converges("after the first build");
            var took = Duration.ofNanos(System.nanoTime() - began);
            assertTrue(took.compareTo(INTERVAL) < 0, () -> "All documents were there after " + took);
        }
    }
}
