package io.millrace.purge.verification;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Follows documents whose rows change all the time, so that no two looks find them at rest. The rows are read again and again, and what
 * the index has by then is held against all that the rows were since it was begun: a document that is one of these was right at that
 * moment, as one that agrees at a look was. What is followed together has turns, so that few hold up none of the others. Not thread-safe.
 */
final class Pursuit {

    /** The fewer are followed at once, the less of what they were is between two readings. */
    static final int AT_ONCE = 10;
    private static final String NO_DOCUMENT = "none";
    /** Of a document that no row has called for yet: what the index has is read whatever its size. */
    private static final Content UNKNOWN = new Content("", 0, null);

    private final Rows rows;
    private final Documents documents;
    private final Duration turn;
    private final Duration each;
    private final LongSupplier nanos;
    private long left;

    /** The documents that the rows make now; one that no row calls for is not in it. */
    interface Rows {
        Map<String, Content> of(Collection<String> ids) throws SQLException, InterruptedException;
    }

    /** The documents that the index has now, of about these sizes; one that is not there is not in it. */
    interface Documents {
        Map<String, Content> of(Collection<String> ids, Map<String, Content> sizes) throws IOException, InterruptedException;
    }

    /**
     * What became of documents that were not met as their rows had been.
     *
     * @param unmet that were followed
     * @param unread that were not, since the time for all was over
     */
    record Outcome(Set<String> unmet, Set<String> unread) {}

    /**
     * @param turn how long {@value #AT_ONCE} documents are followed before the next have their turn
     * @param each how long they are in all their turns
     * @param most how long all documents are that are ever followed by this
     */
    Pursuit(Rows rows, Documents documents, Duration turn, Duration each, Duration most) {
        this(rows, documents, turn, each, most, System::nanoTime);
    }

    /** @param nanos the clock by which documents are followed */
    Pursuit(Rows rows, Documents documents, Duration turn, Duration each, Duration most, LongSupplier nanos) {
        this.rows = rows;
        this.documents = documents;
        this.turn = turn;
        this.each = each;
        this.left = most.toNanos();
        this.nanos = nanos;
    }

    Outcome follow(Collection<String> ids) throws SQLException, IOException, InterruptedException {
        var outcome = new Outcome(new LinkedHashSet<>(), new LinkedHashSet<>());
        var circle = new ArrayDeque<Part>();
        Settlement.parts(ids, AT_ONCE).forEach(part -> circle.add(new Part(part)));
        for (var part = circle.poll(); part != null; part = circle.poll()) {
            if (left > 0) {
                part.follow();
            }
            if (part.followed == 0) {
                outcome.unread.addAll(part.open);
            } else if (left <= 0 || part.followed >= each.toNanos()) {
                outcome.unmet.addAll(part.open);
            } else if (!part.open.isEmpty()) {
                circle.add(part);
            }
        }
        return outcome;
    }

    /** What is followed together. */
    private final class Part {

        private final Set<String> open;
        private final Map<String, Set<String>> were = new HashMap<>();
        private final Map<String, Content> sizes = new HashMap<>();
        private long followed;

        Part(Collection<String> ids) {
            this.open = new LinkedHashSet<>(ids);
            ids.forEach(id -> sizes.put(id, UNKNOWN));
        }

        void follow() throws SQLException, IOException, InterruptedException {
            long began = nanos.getAsLong();
            long most = Math.min(left, turn.toNanos());
            do {
                look();
            } while (!open.isEmpty() && nanos.getAsLong() - began < most);
            long took = Math.max(1, nanos.getAsLong() - began);
            followed += took;
            left -= took;
        }

        private void look() throws SQLException, IOException, InterruptedException {
            var now = rows.of(open);
            sizes.putAll(now);
            open.forEach(id -> were.computeIfAbsent(id, _ -> new HashSet<>()).add(state(now.get(id))));
            var there = documents.of(open, sizes);
            open.removeIf(id -> were.get(id).contains(state(there.get(id))));
        }
    }

    private static String state(Content document) {
        return document == null ? NO_DOCUMENT : document.hash();
    }
}
