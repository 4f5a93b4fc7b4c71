package io.millrace.purge.verification;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Follows documents whose rows change all the time, so that no two looks find them at rest. The rows are read again and again, and what
 * the index has by then is held against all that the rows were since it was begun: a document that is one of these was right at that
 * moment, as one that agrees at a look was. Not thread-safe.
 */
final class Pursuit {

    /** The fewer are followed at once, the less of what they were is between two readings. */
    static final int AT_ONCE = 10;
    private static final String NO_DOCUMENT = "none";

    private final Rows rows;
    private final Documents documents;
    private final Duration each;
    private final Duration most;

    /** The documents that the rows make now; one that no row calls for is not in it. */
    interface Rows {
        Map<String, Content> of(Collection<String> ids) throws SQLException, InterruptedException;
    }

    /** The documents that the index has now, some time after these rows were read; one that is not there is not in it. */
    interface Documents {
        Map<String, Content> of(Collection<String> ids, Map<String, Content> rows) throws IOException, InterruptedException;
    }

    /**
     * @param each how long {@value #AT_ONCE} documents are followed at most
     * @param most how long all of them are
     */
    Pursuit(Rows rows, Documents documents, Duration each, Duration most) {
        this.rows = rows;
        this.documents = documents;
        this.each = each;
        this.most = most;
    }

    /** Those of the documents that were never met as the rows had been. */
    Set<String> follow(Collection<String> ids) throws SQLException, IOException, InterruptedException {
        var unmet = new LinkedHashSet<String>();
        long end = System.nanoTime() + most.toNanos();
        for (var part : Settlement.parts(ids, AT_ONCE)) {
            unmet.addAll(follow(part, Math.min(end, System.nanoTime() + each.toNanos())));
        }
        return unmet;
    }

    private Set<String> follow(Collection<String> ids, long end) throws SQLException, IOException, InterruptedException {
        var open = new LinkedHashSet<>(ids);
        var were = new HashMap<String, Set<String>>();
        while (!open.isEmpty() && System.nanoTime() < end) {
            var now = rows.of(open);
            open.forEach(id -> were.computeIfAbsent(id, _ -> new HashSet<>()).add(state(now.get(id))));
            var there = documents.of(open, now);
            open.removeIf(id -> were.get(id).contains(state(there.get(id))));
        }
        return open;
    }

    private static String state(Content document) {
        return document == null ? NO_DOCUMENT : document.hash();
    }
}
