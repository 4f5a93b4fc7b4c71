package io.millrace.purge.verification;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.purge.freshness.Freshness;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells what differs for good from what is on its way. In each round the rows are read first, then the index is awaited that has
 * every change up to there, then the documents are read. A document that was the same in two rounds, and in the second is not
 * what its rows said before, differs: everything that made those rows is in the index, and nothing was written since. One that moves
 * through all rounds is followed in the end. Not thread-safe.
 */
final class Settlement {

    private static final int ROUNDS = 8;
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration SLICE = Duration.ofSeconds(1);
    /** How long some documents that move all the time are followed, and how long in one turn. */
    private static final Duration FOLLOWED = Duration.ofSeconds(10);
    private static final Duration TURN = Duration.ofSeconds(2);

    private final SourceSide source;
    private final IndexSide index;
    private final Freshness freshness;
    private final Pipeline pipeline;
    private final Duration patience;
    private final int batch;
    private final Pace pace;
    private final Tally tally;
    private final Sign sign;
    private final Pursuit pursuit;

    /** Is given while something is waited for. */
    interface Sign {
        /** @throws StoppedException when the verification is to end */
        void give();
    }

    Settlement(SourceSide source, IndexSide index, Freshness freshness, Pipeline pipeline, Duration patience, int batch, Pace pace, Tally tally, Sign sign) {
        this.source = source;
        this.index = index;
        this.freshness = freshness;
        this.pipeline = pipeline;
        this.patience = patience;
        this.batch = batch;
        this.pace = pace;
        this.tally = tally;
        this.sign = sign;
        this.pursuit = new Pursuit(this::rows, index::contents, TURN, FOLLOWED, patience);
    }

    /** @param postgres null where no row calls for the document; @param index null where there is none */
    private record Look(Content postgres, Content index) {

        boolean agrees() {
            return postgres == null ? index == null : index != null && postgres.hash().equals(index.hash());
        }

        /** Whether a look that does not agree is right for good, after one before. */
        boolean isProvenBy(Look before) {
            if (index != null) {
                return before.index != null && before.index.made().equals(index.made());
            }
            // A document that is not there has no number. The row tells: it was there all the time between both looks at it, and the index was looked at in between.
            return before.index == null && before.postgres != null && before.postgres.made().equals(postgres.made());
        }

        Kind kind() {
            return index == null ? Kind.MISSING : postgres == null ? Kind.ORPHANED : Kind.DIFFERENT;
        }
    }

    /** Those of the documents that differ for good; those of which it cannot be told are counted as undecided. */
    Map<String, Kind> settle(Collection<String> ids) throws SQLException, IOException, InterruptedException {
        var found = new LinkedHashMap<String, Kind>();
        Map<String, Look> before = Map.of();
        Collection<String> open = ids;
        for (int round = 0; round < ROUNDS && !open.isEmpty(); round++) {
            Thread.sleep(PAUSE.multipliedBy(round));
            var rows = rows(open);
            var stale = await(source.position());
            if (stale != null) {
                tally.undecided(open.size(), "The index did not reach the database within " + patience.toSeconds() + " s: " + stale);
                return found;
            }
            var after = new LinkedHashMap<String, Look>();
            looks(open, rows).forEach(after::put);
            var earlier = before;
            after.values().removeIf(Look::agrees);
            after.entrySet().removeIf(e -> {
                boolean isProven = earlier.containsKey(e.getKey()) && e.getValue().isProvenBy(earlier.get(e.getKey()));
                if (isProven) {
                    found.put(e.getKey(), e.getValue().kind());
                }
                return isProven;
            });
            before = after;
            open = after.keySet();
        }
        var moving = pursuit.follow(open);
        tally.undecided(moving.unmet().size(), "Some documents changed in each of the " + ROUNDS + " moments at which they were looked at, and while they were followed for up to " + FOLLOWED.toSeconds()
                + " s the index did not have what their rows had been at any reading");
        tally.undecided(moving.unread().size(), "Some documents changed in each of the " + ROUNDS + " moments at which they were looked at, and were not followed, since others had been for " + patience.toSeconds() + " s");
        return found;
    }

    private Map<String, Content> rows(Collection<String> ids) throws SQLException, InterruptedException {
        var rows = new HashMap<String, Content>();
        for (var part : parts(ids, batch)) {
            pace.await(part.size());
            sign.give();
            rows.putAll(source.contents(part));
        }
        return rows;
    }

    private Map<String, Look> looks(Collection<String> ids, Map<String, Content> rows) throws IOException, InterruptedException {
        var looks = new LinkedHashMap<String, Look>();
        for (var part : parts(ids, batch)) {
            var documents = index.contents(part, rows);
            part.forEach(id -> looks.put(id, new Look(rows.get(id), documents.get(id))));
        }
        return looks;
    }

    /** @return null once searches see everything up to the position, else why they do not */
    private String await(long position) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            sign.give();
            var answer = freshness.ask(pipeline.name(), List.of(pipeline.name()), position, SLICE);
            if (answer.fresh()) {
                return null;
            }
            if (System.nanoTime() > end) {
                return answer.stage() + ": " + answer.reason();
            }
        }
    }

    static List<List<String>> parts(Collection<String> ids, int size) {
        var all = new ArrayList<>(ids);
        var parts = new ArrayList<List<String>>();
        for (int i = 0; i < all.size(); i += size) {
            parts.add(all.subList(i, Math.min(all.size(), i + size)));
        }
        return parts;
    }
}
