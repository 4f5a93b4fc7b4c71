package io.millrace.indexer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.common.TopicPartition;

/**
 * Searches by an alias without a pause, and holds each answer against what was sent, and against how far behind the indexer says to be: what its group had committed for the index that serves, and what that index was
 * refreshed after, an answer shows. However long either takes on a busy machine, the answer may be as old as that and no older.
 */
final class Reader implements AutoCloseable {

    private static final int MOST_FAULTS = 20;
    private static final String SEARCH = "{\"size\":500,\"version\":true,\"track_total_hits\":true,\"query\":{\"function_score\":{\"query\":{\"match\":{\"name\":\"stable\"}},\"random_score\":{}}}}";

    private final Stack stack;
    private final Traffic traffic;
    private final String alias;
    /** The highest version that was seen of each document. */
    private final long[] seen;
    private final List<String> faults = new ArrayList<>();
    /** Up to which offsets every answer shows what was sent. */
    private final Map<TopicPartition, Long> shown = new HashMap<>();
    /** Waits for its index to be refreshed; null where none does. */
    private Standing standing;
    private final Thread thread;
    private volatile int reads;
    private volatile int standings;
    private volatile long stalest;
    private volatile boolean stopping;

    /** @param offsets what the group had committed for the index. @param refreshes how many refreshes of the index had ended later */
    private record Standing(String index, Map<TopicPartition, Long> offsets, long refreshes) {}

    Reader(Stack stack, Traffic traffic, String alias) {
        this.stack = stack;
        this.traffic = traffic;
        this.alias = alias;
        this.seen = new long[traffic.stable()];
        this.thread = Thread.ofPlatform().name("reader of " + alias).start(this::live);
    }

    private void live() {
        try {
            while (!stopping && faults.size() < MOST_FAULTS) {
                stand(behindAlias());
                search();
            }
        } catch (RuntimeException | ExecutionException e) {
            faults.add("reading ended by " + e);
        } catch (InterruptedException e) {
            faults.add("reading was interrupted");
        }
    }

    private String behindAlias() {
        var behind = new ArrayList<String>();
        stack.get("/_alias/" + alias).fieldNames().forEachRemaining(behind::add);
        if (behind.size() != 1) {
            faults.add("the alias stands for " + behind);
        }
        return String.join(",", behind);
    }

    /** The refresh that ends first may have begun before the offsets were asked for, the second one has not. */
    private void stand(String index) throws ExecutionException, InterruptedException {
        if (standing != null && standing.index().equals(index)) {
            if (stack.refreshes(index) < standing.refreshes() + 2) {
                return;
            }
            standing.offsets().forEach((partition, offset) -> shown.merge(partition, offset, Math::max));
            standings++;
        }
        var offsets = stack.committed(alias, stack.get("/" + index + "/_settings?flat_settings=true").path(index).path("settings").path("index.uuid").asText());
        standing = new Standing(index, offsets, stack.refreshes(index));
    }

    private void search() {
        long asked = traffic.now();
        var hits = stack.call("POST", "/" + alias + "/_search", SEARCH).path("hits");
        if (hits.path("total").path("value").asInt() != traffic.stable()) {
            faults.add("a search found " + hits.path("total") + " of " + traffic.stable() + " documents");
        }
        var indexes = new HashSet<String>();
        for (var hit : hits.path("hits")) {
            indexes.add(hit.path("_index").asText());
            look(hit.path("_source").path("id").asInt(), hit.path("_version").asLong(), asked, hit.path("_index").asText());
        }
        if (indexes.size() > 1) {
            faults.add("one answer is of " + indexes);
        }
        reads++;
    }

    private void look(int id, long version, long asked, String index) {
        if (version < seen[id]) {
            faults.add("document " + id + " was seen at version " + seen[id] + ", and later at " + version + " in " + index);
        }
        seen[id] = Math.max(seen[id], version);
        var next = traffic.after(id, version);
        if (next != null) {
            stalest = Math.max(stalest, asked - next.version());
            if (next.record().state() == Future.State.SUCCESS) {
                var record = next.record().resultNow();
                var partition = new TopicPartition(record.topic(), record.partition());
                if (record.offset() < shown.getOrDefault(partition, 0L)) {
                    faults.add("document " + id + " was seen at version " + version + " in " + index + ", though what came next, at offset " + record.offset() + " of " + partition + ", had been committed as written and the index refreshed since");
                }
            }
        }
    }

    int reads() {
        return reads;
    }

    /** How often it was known anew what an answer has to show. */
    int standings() {
        return standings;
    }

    /** How long ago the oldest change had been sent that an answer did not show. */
    long stalestMillis() {
        return stalest / 1_000;
    }

    void stop() throws InterruptedException {
        stopping = true;
        thread.join();
    }

    List<String> faults() {
        return List.copyOf(faults);
    }

    @Override
    public void close() throws InterruptedException {
        stop();
    }
}
