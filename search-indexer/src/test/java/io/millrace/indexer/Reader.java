package io.millrace.indexer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** Searches by an alias without a pause, and holds each answer against what was sent. */
final class Reader implements AutoCloseable {

    private static final int MOST_FAULTS = 20;
    private static final String SEARCH = "{\"size\":500,\"version\":true,\"track_total_hits\":true,\"query\":{\"function_score\":{\"query\":{\"match\":{\"name\":\"stable\"}},\"random_score\":{}}}}";

    private final Stack stack;
    private final Traffic traffic;
    private final String alias;
    /** The highest version that was seen of each document. */
    private final long[] seen;
    private final List<String> faults = new ArrayList<>();
    private final Thread thread;
    private volatile int reads;
    private volatile long stalest;
    private volatile boolean stopping;

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
                behindAlias();
                search();
            }
        } catch (RuntimeException e) {
            faults.add("reading ended by " + e);
        }
    }

    private void behindAlias() {
        var behind = new ArrayList<String>();
        stack.get("/_alias/" + alias).fieldNames().forEachRemaining(behind::add);
        if (behind.size() != 1) {
            faults.add("the alias stands for " + behind);
        }
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
        long next = traffic.after(id, version);
        if (next >= 0) {
            stalest = Math.max(stalest, asked - next);
        }
    }

    int reads() {
        return reads;
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
