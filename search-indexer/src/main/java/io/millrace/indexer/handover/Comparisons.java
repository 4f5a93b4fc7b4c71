package io.millrace.indexer.handover;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.indexer.generation.Count;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.IndexStore;
import io.millrace.indexer.quarantine.ParkedDocuments;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.wording.Counted;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Compares two indexes while both are written: what differs is looked at again, for one of them may only be later. Thread-safe. */
@Singleton
final class Comparisons {

    /** So many documents of each are compared where nobody says otherwise. */
    static final int SAMPLE = 1_000;
    private static final int MOST = 10_000;
    private static final int EXAMPLES = 10;
    /** So many documents of each are in memory at once. */
    private static final int PAGE = 50;
    private static final int LOOKS = 4;
    /** What PostgreSQL estimates of two equal tables differs by less. */
    private static final double CLOSE = 0.9;
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration TURN = Duration.ofSeconds(10);

    private final Generations generations;
    private final Progress progress;
    private final ParkedDocuments parked;
    /** Each has documents of both in memory, so there is one at a time. */
    private final ReentrantLock one = new ReentrantLock(true);

    Comparisons(Generations generations, Progress progress, ParkedDocuments parked) {
        this.generations = generations;
        this.progress = progress;
        this.parked = parked;
    }

    /**
     * The index that serves, and another one behind the same alias.
     *
     * @param pipeline behind whose alias they are
     */
    record Pair(Pipeline pipeline, IndexState served, IndexState other) {

        /** Documents of two pipelines have two shapes. */
        boolean isOfOneShape() {
            return served.pipeline().equals(other.pipeline());
        }
    }

    /**
     * Compares them.
     *
     * @param sample how many documents of each are looked for in the other
     * @param sign called again and again, before whatever may take as long as a request or a reading of the quarantine
     * @throws io.millrace.indexer.generation.SearchAwayException when the target does not answer
     * @throws org.apache.kafka.common.KafkaException when Kafka does not
     */
    Comparison compare(Pair pair, int sample, Runnable sign) throws InterruptedException {
        do {
            sign.run();
        } while (!one.tryLock(TURN.toSeconds(), TimeUnit.SECONDS));
        try {
            return new Look(pair, sign).of(Math.clamp(sample, 1, MOST));
        } finally {
            one.unlock();
        }
    }

    /**
     * A document as one of them has it.
     *
     * @param version below zero where it is not there
     * @param source null where it is not there
     */
    private record Version(long version, JsonNode source) {

        static final Version NONE = new Version(-1, null);

        static Version of(JsonNode told) {
            return told != null && told.path("found").asBoolean() ? new Version(told.path("_version").asLong(), told.path("_source")) : NONE;
        }

        boolean isThere() {
            return version >= 0;
        }
    }

    /**
     * A document that the two have otherwise.
     *
     * @param lost whether readers would lose something by it
     * @param served the version in the one that serves
     */
    private record Difference(boolean lost, long served) {}

    private final class Look {

        private final Pair pair;
        private final Runnable sign;
        private final IndexStore store;
        private final String served;
        private final String other;
        /** The versions that the other one refused, by id. */
        private final Map<String, Long> refused = new HashMap<>();

        Look(Pair pair, Runnable sign) {
            this.pair = pair;
            this.sign = sign;
            this.store = generations.store(pair.pipeline());
            this.served = pair.served().index();
            this.other = pair.other().index();
        }

        Comparison of(int size) throws InterruptedException {
            long underway = underway();
            long came = came();
            var owner = progress.pipeline(pair.other());
            if (owner != null) {
                refused.putAll(parked.refusedBy(owner, other));
            }
            sign.run();
            // What was written is counted and found only after that.
            store.refresh(other);
            store.refresh(served);
            var ids = new LinkedHashSet<>(store.sample(served, size));
            ids.addAll(store.sample(other, size));
            ids.addAll(refused.keySet());
            var differing = differing(List.copyOf(ids), Map.of());
            var documents = store.count(other);
            var servedDocuments = store.count(served);
            for (int look = 1; look < LOOKS && (!differing.isEmpty() || isFewer(documents, servedDocuments, 0)); look++) {
                Thread.sleep(PAUSE);
                differing = differing(List.copyOf(differing.keySet()), differing);
                store.refresh(other);
                documents = store.count(other);
                servedDocuments = store.count(served);
            }
            return compared(documents, servedDocuments, isFewer(documents, servedDocuments, underway + came() - came), ids.size(), differing);
        }

        /** @param underway so many may be in one of them alone; what is estimated is no closer than a share of it */
        private static boolean isFewer(Count documents, Count servedDocuments, long underway) {
            if (documents == null || servedDocuments == null) {
                return documents == null;
            }
            double least = documents.exact() && servedDocuments.exact() ? servedDocuments.documents() : servedDocuments.documents() * CLOSE;
            return documents.documents() < least - underway;
        }

        private static String told(Count count) {
            return count == null ? "an unknown number of documents" : (count.exact() ? "" : "about ") + Counted.of(count.documents(), "document");
        }

        /** So many documents may be in one of them and not yet in the other. */
        private long underway() throws InterruptedException {
            var own = progress.behind(pair.served());
            var others = progress.behind(pair.other());
            return (own == null ? 0 : own) + (others == null ? 0 : others);
        }

        private long came() throws InterruptedException {
            return progress.came(pair.served()) + (pair.isOfOneShape() ? 0 : progress.came(pair.other()));
        }

        private Comparison compared(Count documents, Count servedDocuments, boolean fewer, int sampled, Map<String, Difference> differing) {
            var lost = differing.entrySet().stream().filter(difference -> difference.getValue().lost()).map(Map.Entry::getKey).toList();
            var examples = new LinkedHashSet<>(lost);
            examples.addAll(differing.keySet());
            int parkedOnes = (int) lost.stream().filter(refused::containsKey).count();
            var losses = new ArrayList<String>();
            if (!lost.isEmpty()) {
                losses.add("%,d of %s that were compared are missing, older or changed in %s, such as %s".formatted(lost.size(), Counted.of(sampled, "document"), other, lost.getFirst()));
            }
            if (parkedOnes > 0) {
                losses.add("%,d of them stand in quarantine because it refused them (./millrace quarantine documents list %s)".formatted(parkedOnes, pair.other().pipeline()));
            }
            if (fewer) {
                losses.add(other + " has " + told(documents) + ", and " + served + " has " + told(servedDocuments) + (documents == null ? "; have them estimated: ANALYZE" : ""));
            }
            var unlike = store.unlike(served, other);
            if (unlike != null) {
                losses.add(unlike);
            }
            boolean estimated = documents != null && !documents.exact() || servedDocuments != null && !servedDocuments.exact();
            return new Comparison(other, served, documents == null ? null : documents.documents(), servedDocuments == null ? null : servedDocuments.documents(), estimated, sampled, differing.size(), lost.size(), parkedOnes, examples.stream().limit(EXAMPLES).toList(), losses.isEmpty() ? null : String.join("; ", losses));
        }

        private Map<String, Difference> differing(List<String> ids, Map<String, Difference> before) {
            var differing = new TreeMap<String, Difference>();
            for (int from = 0; from < ids.size(); from += PAGE) {
                sign.run();
                var page = ids.subList(from, Math.min(ids.size(), from + PAGE));
                var own = store.documents(served, page);
                var others = store.documents(other, page);
                for (var id : page) {
                    var difference = difference(id, Version.of(own.get(id)), Version.of(others.get(id)), before.get(id));
                    if (difference != null) {
                        differing.put(id, difference);
                    }
                }
            }
            return differing;
        }

        /** @param before what it was at the look before; null at the first one */
        private Difference difference(String id, Version own, Version others, Difference before) {
            long parkedAt = refused.getOrDefault(id, -1L);
            boolean refusedOnly = own.isThere() && others.version() < parkedAt && (!pair.isOfOneShape() || own.version() >= parkedAt);
            if (!pair.isOfOneShape()) {
                return own.isThere() == others.isThere() && !refusedOnly ? null : new Difference(own.isThere(), own.version());
            }
            boolean follows = before != null && others.isThere() && others.version() >= before.served() && own.version() > before.served();
            // Who reads what is alike sees no version.
            if (!refusedOnly && (follows || Objects.equals(own.source(), others.source()))) {
                return null;
            }
            return new Difference(own.version() >= others.version(), own.version());
        }
    }
}
