package io.millrace.denormalizer.shape;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;

/**
 * What happens to the tables of {@code world.sql}, in rounds, and what every shape's documents are after each.
 *
 * @param rounds what was committed in each
 * @param expected for each round, the documents of each pipeline by id
 */
record Story(World world, List<List<World.Change>> rounds, List<Map<String, SortedMap<String, String>>> expected) {

    static final long SEED = Long.getLong("millrace.it.seed", 42);
    private static final Path PIPELINES = Path.of("src/test/resources/shape/pipelines");
    private static final int ROUNDS = 4;

    /** Lets it happen in an empty database. */
    static Story in(Connection db) throws SQLException, IOException {
        var world = new World(db, text("/shape/world.sql"));
        var chance = new Chance(world, new Random(SEED), world.tableNames());
        var rounds = new ArrayList<List<World.Change>>();
        var expected = new ArrayList<Map<String, SortedMap<String, String>>>();
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < (round == 0 ? 1_500 : 400); i++) {
                world.transaction(chance.transaction());
            }
            if (round > 1) {
                world.transaction(List.of(chance.truncate(), chance.truncate()));
            }
            rounds.add(world.changes());
            var documents = new HashMap<String, SortedMap<String, String>>();
            for (var file : shapes()) {
                documents.put(file.pipeline().name(), world.documents(file.pipeline()));
            }
            expected.add(documents);
        }
        return new Story(world, rounds, expected);
    }

    /** Every shape there is a file of. */
    static List<PipelineFile> shapes() {
        return PipelineFiles.load(List.of(PIPELINES));
    }

    static PipelineFile shape(String name) {
        return shapes().stream().filter(f -> f.pipeline().name().equals(name)).findFirst().orElseThrow();
    }

    SortedMap<String, String> expected(int round, Pipeline pipeline) {
        return expected.get(round).get(pipeline.name());
    }

    private static String text(String resource) throws IOException {
        try (var in = Story.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
