package io.millrace.indexer;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the versions of documents without a pause, as they are written and not as searches find them, and notes each that went back: a lower one after a higher one, or a document that came back after its delete with
 * the version that it had before. What the search engine does not answer tells nothing.
 */
final class VersionWatch implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int AT_ONCE = 300;
    private static final int MOST_FAULTS = 20;

    private final Stack stack;
    private final String index;
    private final List<String> requests = new ArrayList<>();
    private final Map<String, Long> highest = new HashMap<>();
    private final Set<String> gone = new HashSet<>();
    /** Each once, however often it was seen. */
    private final Set<String> faults = new LinkedHashSet<>();
    private final Thread thread;
    private volatile long read;
    private volatile boolean stopping;

    VersionWatch(Stack stack, String index, List<String> ids) {
        this.stack = stack;
        this.index = index;
        for (int from = 0; from < ids.size(); from += AT_ONCE) {
            var request = JSON.createObjectNode();
            ids.subList(from, Math.min(ids.size(), from + AT_ONCE)).forEach(request.withArray("ids")::add);
            requests.add(request.toString());
        }
        this.thread = Thread.ofPlatform().name("versions of " + index).start(this::live);
    }

    private void live() {
        try {
            while (!stopping && faults.size() < MOST_FAULTS) {
                requests.forEach(this::ask);
            }
        } catch (RuntimeException e) {
            faults.add("reading versions ended by " + e);
        }
    }

    private void ask(String request) {
        for (var document : stack.call("POST", "/" + index + "/_mget?_source=false", request).path("docs")) {
            // A shard that is not there yet answers with an error in the place of a document.
            if (document.has("found")) {
                look(document.path("_id").asText(), document.path("found").asBoolean() ? document.path("_version").asLong() : -1);
            }
        }
    }

    /** @param version below zero where there is no such document */
    private void look(String id, long version) {
        read++;
        Long before = highest.get(id);
        if (version < 0) {
            gone.add(id);
        } else {
            if (before != null && version < before) {
                faults.add(id + " was at version " + before + ", and later at " + version);
            }
            if (gone.remove(id) && before != null && version == before) {
                faults.add(id + " was deleted, and came back at version " + version);
            }
            highest.merge(id, version, Math::max);
        }
    }

    /** How many answers about a document it has had. */
    long read() {
        return read;
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
