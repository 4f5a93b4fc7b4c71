package io.millrace.purge.verification;

import io.micrometer.core.instrument.Counter;
import io.millrace.pipeline.comparison.Differences;
import io.millrace.pipeline.comparison.Differences.Difference;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/**
 * One verification from its beginning to its end: the database's documents in the order of their keys, each looked up in the index;
 * then the ids of the index, each looked up in the database. What differs at the first look is put aside, and settled a thousand at a time. Not thread-safe.
 */
final class Examination {

    private static final int MOST_CANDIDATES = 1_000;
    private static final int MOST_FIELDS = 20;
    private static final int MOST_CHARACTERS = 300;
    private static final int WHOLE = 10_000;
    /** Of ids that are looked up at a time, and counted as one document's reading each ten: they cost the primary a key of an index. */
    private static final int IDS = 1_000;
    private static final int IDS_FOR_A_DOCUMENT = 10;

    private final UUID id;
    private final SourceSide source;
    private final IndexSide index;
    private final Settlement settlement;
    private final Tally tally;
    private final Settlement.Sign sign;
    private final Pace pace;
    private final Counter verified;
    private final int batch;
    private final int mostRepairs;
    private final int share;
    private final long seed;
    private final Set<String> candidates = new HashSet<>();

    /**
     * @param pace of reading from the database
     * @param verified counts documents
     * @param batch how many documents are read at a time
     * @param mostRepairs 0 where nothing is repaired
     * @param sample percent of the documents that are looked at
     */
    Examination(UUID id, SourceSide source, IndexSide index, Settlement settlement, Tally tally, Settlement.Sign sign, Pace pace, Counter verified, int batch, int mostRepairs, double sample) {
        this.id = id;
        this.source = source;
        this.index = index;
        this.settlement = settlement;
        this.tally = tally;
        this.sign = sign;
        this.pace = pace;
        this.verified = verified;
        this.batch = batch;
        this.mostRepairs = mostRepairs;
        this.share = (int) Math.ceil(sample * WHOLE / 100);
        this.seed = id.getLeastSignificantBits();
    }

    void run() throws SQLException, IOException, InterruptedException {
        try {
            tally.phase("comparing the database's documents with the index");
            documents();
            tally.phase("looking for documents that no row calls for");
            orphans();
            tally.phase("ended");
        } finally {
            index.close();
        }
    }

    /** The database is read one range ahead: it and the index work at the same time. */
    private void documents() throws SQLException, IOException, InterruptedException {
        try (var ahead = Executors.newVirtualThreadPerTaskExecutor()) {
            var next = ahead.submit(() -> source.range(null, seed, share, batch));
            while (next != null) {
                sign.give();
                var rows = read(next);
                pace.await(batch);
                var cursor = rows.size() < batch ? null : rows.getLast().cursor();
                next = cursor == null ? null : ahead.submit(() -> source.range(cursor, seed, share, batch));
                compare(rows);
                judge(MOST_CANDIDATES);
            }
        }
        judge(1);
    }

    private static List<SourceSide.Row> read(Future<List<SourceSide.Row>> range) throws SQLException, InterruptedException {
        try {
            return range.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SQLException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        }
    }

    private void compare(List<SourceSide.Row> rows) throws IOException, InterruptedException {
        if (rows.isEmpty()) {
            return;
        }
        var contents = rows.stream().collect(Collectors.toMap(SourceSide.Row::id, SourceSide.Row::content));
        var documents = index.contents(contents.keySet(), contents);
        for (var row : rows) {
            var there = documents.get(row.id());
            if (there == null || !there.hash().equals(row.content().hash())) {
                candidates.add(row.id());
            }
        }
        tally.compared(rows.size());
        verified.increment(rows.size());
    }

    private void orphans() throws SQLException, IOException, InterruptedException {
        int hashes = 0;
        for (var ids = index.nextIds(); !ids.isEmpty(); ids = index.nextIds()) {
            for (var part : Settlement.parts(ids.stream().filter(this::isDrawn).toList(), IDS)) {
                sign.give();
                pace.await(part.size() / IDS_FOR_A_DOCUMENT);
                var existing = source.existing(part);
                for (var one : part) {
                    if (DocumentId.isHash(one)) {
                        hashes++;
                    } else if (!existing.contains(one)) {
                        candidates.add(one);
                    }
                }
                tally.lookedUp(part.size());
            }
            judge(MOST_CANDIDATES);
        }
        if (hashes > 0) {
            tally.note("Whether rows call for " + Counted.of(hashes, "document") + " of the index was not looked at, with an id that is the hash of a key longer than 512 bytes, from which no row can be found");
        }
        judge(1);
    }

    private boolean isDrawn(String one) {
        var sum = new CRC32();
        sum.update(one.getBytes(StandardCharsets.UTF_8));
        return share >= WHOLE || Math.floorMod(sum.getValue() * 31 + seed, (long) WHOLE) < share;
    }

    /** Settles what was put aside once there is that much of it. */
    private void judge(int least) throws SQLException, IOException, InterruptedException {
        if (candidates.size() < least) {
            return;
        }
        tally.candidates(candidates.size());
        var differing = settlement.settle(candidates);
        candidates.clear();
        withoutErased(differing);
        var found = described(differing);
        (mostRepairs > 0 ? repaired(found) : found).forEach(tally::found);
    }

    private void withoutErased(Map<String, Kind> differing) throws SQLException {
        var missing = differing.entrySet().stream().filter(e -> e.getValue() == Kind.MISSING).map(Map.Entry::getKey).toList();
        var erased = missing.isEmpty() ? Set.<String>of() : source.erased(missing);
        differing.keySet().removeAll(erased);
        tally.erased(erased.size());
    }

    private List<Found> described(Map<String, Kind> differing) throws SQLException, IOException, InterruptedException {
        var described = new ArrayList<Found>();
        for (var one : differing.entrySet()) {
            boolean isTold = one.getValue() == Kind.DIFFERENT && tally.hasRoom() && described.size() < Tally.MOST_FOUND;
            described.add(isTold ? described(one.getKey(), index.document(one.getKey()), source.document(one.getKey())) : new Found(one.getKey(), one.getValue(), 0, null, null));
        }
        return described;
    }

    /** They were read after they were found to differ: a change in between may have parted them otherwise, or not at all. */
    private static Found described(String id, Json document, Json row) {
        var differences = Differences.between(document, row, MOST_FIELDS);
        return new Found(id, Kind.DIFFERENT, differences.count(), differences.first().stream().map(d -> new Difference(d.path(), shortened(d.index()), shortened(d.postgres()))).toList(), null);
    }

    private static String shortened(String text) {
        return text == null || text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "…";
    }

    private List<Found> repaired(List<Found> found) throws SQLException, IOException, InterruptedException {
        var room = (int) Math.max(0, mostRepairs - tally.repairs());
        var asked = source.repair(found.stream().map(Found::id).limit(room).toList(), id.toString());
        if (found.size() > room) {
            tally.note("No more than " + Counted.of(mostRepairs, "document is", "documents are") + " repaired by one verification (millrace.purge.verification.most-repairs). Raise that and verify again, or have the index built anew beside this one: a pipeline of another name with 'replaces'");
        }
        if (asked.size() < Math.min(found.size(), room)) {
            tally.note("Some ids are no key that a row can have; delete those documents in the index by hand");
        }
        var still = settlement.settle(asked).keySet();
        if (!still.isEmpty()) {
            tally.note("Some documents were emitted anew and differ still: the join's rows are not the database's, or the index does not take the documents. See the quarantine of the documents; else have capture read the tables again (./millrace resnapshot SOURCE TABLE)");
        }
        var outcomes = new HashMap<String, Found.Repair>();
        asked.forEach(one -> outcomes.put(one, still.contains(one) ? Found.Repair.FAILED : Found.Repair.REPAIRED));
        return found.stream().map(f -> f.with(outcomes.getOrDefault(f.id(), Found.Repair.NONE))).toList();
    }
}
