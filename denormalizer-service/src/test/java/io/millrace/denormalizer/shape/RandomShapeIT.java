package io.millrace.denormalizer.shape;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.denormalizer.it.Scratch;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random schemas, random pipeline files over them, random transactions with restarts in between, against the SQL that
 * the file means. A seed that fails names itself: {@code -Dmillrace.it.seed=N -Dit.test=RandomShapeIT} runs it alone.
 */
class RandomShapeIT {

    private static final int FEW = 10;
    private static final int MANY = 200;

    @TempDir
    static Path data;
    static Path states;
    static Database database;

    @BeforeAll
    static void start() throws IOException {
        states = Scratch.folder();
        database = new Database(data.resolve("servers"));
    }

    @AfterAll
    static void stop() throws IOException {
        if (states != null) {
            Scratch.delete(states);
        }
        if (database != null) {
            database.close();
        }
    }

    private static LongStream seeds(int from, int count) {
        var one = Long.getLong("millrace.it.seed");
        return one == null ? LongStream.range(from, from + count) : LongStream.of(one);
    }

    static LongStream few() {
        return seeds(1, FEW);
    }

    static LongStream many() {
        return seeds(1_000, MANY);
    }

    @ParameterizedTest
    @MethodSource("few")
    void aRandomPipelineEqualsItsSql(long seed) throws Exception {
        run(seed, 5, 60);
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("many")
    void eachOfManyRandomPipelinesEqualsItsSql(long seed) throws Exception {
        run(seed, 8, 100);
    }

    private void run(long seed, int rounds, int transactions) throws Exception {
        var random = new RandomPipeline(seed);
        var path = data.resolve("random-" + seed + ".yaml");
        var plain = random.yaml();
        var yaml = random.subscribing(plain, PipelineFiles.load(List.of(Files.writeString(path, plain))).getFirst().pipeline().lookUpTables());
        var file = PipelineFiles.load(List.of(Files.writeString(path, yaml))).getFirst();
        var pipeline = file.pipeline();
        try (var db = database.create("seed_" + seed)) {
            var world = new World(db, random.ddl());
            assertEquals(List.of(), CatalogCheck.check(file, world.catalog()));
            var dice = new Random(seed);
            var chance = new Chance(world, dice, new ArrayList<>(pipeline.tableNames()));
            var joined = new Joined(pipeline, world, states.resolve("state-" + seed), DocumentSteps.NONE);
            try {
                for (int round = 0; round < rounds; round++) {
                    for (int i = 0; i < (round == 0 ? 3 * transactions : transactions); i++) {
                        world.transaction(chance.transaction());
                    }
                    if (dice.nextInt(4) == 0) {
                        world.transaction(List.of(chance.truncate()));
                    }
                    joined.take(world.changes(), dice);
                    compare(world, joined, file, "seed " + seed + ", round " + round + "; run it alone with -Dmillrace.it.seed=" + seed + "\n" + random.ddl() + "\n" + yaml);
                    if (dice.nextInt(2) == 0) {
                        joined = joined.restarted(states.resolve("state-" + seed + "-" + round));
                    }
                }
            } finally {
                joined.close();
            }
        }
    }

    private static void compare(World world, Joined joined, io.millrace.pipeline.file.PipelineFile file, String when) throws Exception {
        var expected = world.documents(file.pipeline());
        var found = joined.documents();
        for (var id : expected.keySet()) {
            assertEquals(expected.get(id), found.get(id), () -> "document " + id + ", quarantined " + joined.quarantined() + ", " + when);
        }
        assertEquals(new ArrayList<>(expected.keySet()), new ArrayList<>(found.keySet()), when);
        assertEquals(List.of(), joined.regressions(), when);
    }
}
