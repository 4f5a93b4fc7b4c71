package io.millrace.indexer.handover;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.IndexState;
import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;

/** Compares two indexes while both are written: what differs is looked at again, for one of them may only be later. Thread-safe. */
@Singleton
final class Comparisons {

    private static final int MOST = 10_000;
    private static final int EXAMPLES = 10;
    /** So many documents of each are in memory at once. */
    private static final int PAGE = 50;
    private static final int LOOKS = 4;
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Generations generations;

    Comparisons(Generations generations) {
        this.generations = generations;
    }

    /** The index that serves, and another one of the same pipeline's name. */
    record Pair(Pipeline pipeline, IndexState served, IndexState other) {}

    /**
     * One comparison at a time, for each has documents of both in memory.
     *
     * @param sample how many documents of each are looked for in the other
     */
    synchronized Comparison compare(Pair pair, int sample) throws InterruptedException {
        var store = generations.store(pair.pipeline());
        int size = Math.clamp(sample, 1, MOST);
        var ids = new LinkedHashSet<>(store.sample(pair.served().index(), size));
        ids.addAll(store.sample(pair.other().index(), size));
        var differing = differing(pair, List.copyOf(ids));
        for (int look = 1; look < LOOKS && !differing.isEmpty(); look++) {
            Thread.sleep(PAUSE);
            differing = differing(pair, differing);
        }
        return new Comparison(pair.other().index(), pair.served().index(), store.count(pair.other().index()), store.count(pair.served().index()), ids.size(), differing.size(),
                differing.stream().limit(EXAMPLES).toList());
    }

    private List<String> differing(Pair pair, List<String> ids) {
        var store = generations.store(pair.pipeline());
        var differing = new ArrayList<String>();
        for (int from = 0; from < ids.size(); from += PAGE) {
            var page = ids.subList(from, Math.min(ids.size(), from + PAGE));
            var served = store.documents(pair.served().index(), page);
            var other = store.documents(pair.other().index(), page);
            page.stream().filter(id -> !equal(served.get(id), other.get(id))).forEach(differing::add);
        }
        return differing;
    }

    private static boolean equal(JsonNode one, JsonNode other) {
        return one.path("found").asBoolean() == other.path("found").asBoolean() && Objects.equals(one.path("_version"), other.path("_version")) && Objects.equals(one.path("_source"), other.path("_source"));
    }
}
