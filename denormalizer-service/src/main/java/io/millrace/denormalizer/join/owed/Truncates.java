package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.document.DocumentKeys;
import io.millrace.denormalizer.join.document.Documents;
import io.millrace.denormalizer.join.document.Documents.Effect;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.home.Home;
import io.millrace.denormalizer.join.lookup.Lookups;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.route.Announcements;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Takes away what truncates took away, in pieces, and owes each document that had some of it once.
 *
 * <p>The floor of the table counts at once. Then first go the rows that no document has: those that were announced to parents, and look-up rows. Then one walk over all documents, in a circle, takes
 * away the rows that the documents have and finds the documents that refer to what is gone: it serves all truncates, and one that comes while it is under way ends when the
 * walk is again where it was. Only the floor is stored, as owed, until the end is committed: after a restart all begins again. Not thread-safe.
 */
public final class Truncates implements Account {

    private static final int ROWS = 500;
    /** Of documents that have nothing of what is gone. */
    private static final int MOST_PASSED = 1_000;

    private final Plan plan;
    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Floors floors;
    private final StoredDocument document;
    private final Documents documents;
    private final Announcements announcements;
    private final Lookups lookups;
    private final Home home;
    /** By table. */
    private final Map<TablePlan, Job> jobs = new LinkedHashMap<>();
    /** Those at their end, until that is committed. */
    private final Map<TablePlan, Job> ended = new HashMap<>();
    /** The root key at which the walk stands; null at the beginning. */
    private byte[] cursor;
    /** Documents that it has passed. */
    private long passed;

    public Truncates(Plan plan, KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Floors floors, StoredDocument document, Documents documents, Announcements announcements, Lookups lookups, Home home) {
        this.plan = plan;
        this.store = store;
        this.clock = clock;
        this.floors = floors;
        this.document = document;
        this.documents = documents;
        this.announcements = announcements;
        this.lookups = lookups;
        this.home = home;
        for (var table : plan.tables()) {
            var owed = floors.owed(table);
            if (owed != null) {
                jobs.put(table, job(table, StoredCause.read(owed), new Causes(0)));
            }
        }
    }

    /** Takes away some rows of one kind. */
    private interface Sweep {

        /**
         * @param from where to go on, null at the beginning
         * @return where to go on then, null at the end
         */
        Bytes some(Bytes from);
    }

    private static final class Job {
        final Truncated truncated;
        final Headers cause;
        final Causes causes;
        final ArrayDeque<Sweep> sweeps = new ArrayDeque<>();
        Bytes sweptTo;
        boolean isWalking;
        /** Where the walk stood when this came to it; null for its beginning. */
        byte[] begin;
        boolean hasComeRound;
        long endedAt;

        Job(Truncated truncated, Headers cause, Causes causes) {
            this.truncated = truncated;
            this.cause = cause;
            this.causes = causes;
        }
    }

    private Job job(TablePlan table, Headers cause, Causes causes) {
        var truncated = floors.truncated(table);
        var job = new Job(truncated, cause, causes);
        job.sweeps.add(from -> announcements.truncate(table, truncated, from, ROWS, cause));
        if (table.isBroadcast()) {
            job.sweeps.add(from -> lookups.truncate(table, truncated, from, ROWS));
        }
        if (table.isSubscribed()) {
            table.indexes().forEach(index -> {
                job.sweeps.add(from -> home.truncate(index, truncated, from, ROWS));
                job.sweeps.add(from -> lookups.truncate(index, truncated, from, ROWS));
            });
        }
        return job;
    }

    /** A table was truncated. One that is known already begins again: a crash may have taken from the router what is below it, and rows that it has read again since are still to be taken back. */
    public void start(TablePlan table, Position position, Change change) {
        if (position.isBefore(floors.of(table))) {
            return;
        }
        var cause = StoredCause.write(change.cause());
        floors.raiseOwed(table, position, cause);
        var running = jobs.remove(table);
        var before = running == null ? ended.remove(table) : running;
        var causes = before == null ? new Causes(change.since()) : before.causes;
        causes.add(change.since());
        jobs.put(table, job(table, change.cause(), causes));
    }

    @Override
    public String state() {
        return jobs.isEmpty() && ended.isEmpty() ? null : "truncating";
    }

    /** Whether rows that are gone may still be stored. */
    public boolean isUnderWay() {
        return !jobs.isEmpty();
    }

    public int pending() {
        return jobs.size() + ended.size();
    }

    /** How many documents the walk has passed since it began; 0 where there is none. */
    public long passed() {
        return passed;
    }

    @Override
    public long oldest() {
        long oldest = Causes.NONE;
        for (var job : jobs.values()) {
            oldest = Math.min(oldest, job.causes.oldest(clock));
        }
        for (var job : ended.values()) {
            oldest = Math.min(oldest, job.causes.oldest(clock));
        }
        return oldest;
    }

    @Override
    public void settle() {
        ended.entrySet().removeIf(entry -> {
            boolean isCommitted = clock.isCommitted(entry.getValue().endedAt);
            if (isCommitted) {
                floors.settle(entry.getKey());
            }
            return isCommitted;
        });
    }

    /** Takes away some rows that no document has; false where there are none. */
    public boolean sweep() {
        for (var entry : jobs.entrySet()) {
            var job = entry.getValue();
            if (!job.sweeps.isEmpty()) {
                job.sweptTo = job.sweeps.getFirst().some(job.sweptTo);
                if (job.sweptTo == null) {
                    job.sweeps.removeFirst();
                }
                return true;
            }
            if (!job.isWalking) {
                walkOrEnd(entry.getKey(), job);
                return true;
            }
        }
        return false;
    }

    private void walkOrEnd(TablePlan table, Job job) {
        if (plan.root().table() == table || table.isBroadcast() || table.isSubscribed() || !table.nodes().isEmpty()) {
            job.isWalking = true;
            job.begin = cursor;
        } else {
            end(table, job);
        }
    }

    private void end(TablePlan table, Job job) {
        job.endedAt = clock.stamp();
        job.causes.out(job.endedAt);
        jobs.remove(table);
        ended.put(table, job);
        if (jobs.values().stream().noneMatch(j -> j.isWalking)) {
            cursor = null;
            passed = 0;
        }
    }

    /** Goes on with the walk, after the sweeps: up to so many documents that had something of what is gone. */
    public List<Due> due(int most, BooleanSupplier hasTime) {
        var due = new ArrayList<Due>();
        try (var all = store.range(cursor == null ? DocumentKeys.documents() : DocumentKeys.behindDocument(cursor), DocumentKeys.behindDocuments())) {
            for (int looked = 0; due.size() < most && looked < MOST_PASSED && hasTime.getAsBoolean(); looked++) {
                if (!document.readNext(all)) {
                    comeRound();
                    break;
                }
                endBefore(document.rootKey());
                if (jobs.isEmpty()) {
                    break;
                }
                cursor = document.rootKey();
                passed++;
                visit(due);
            }
        }
        return due;
    }

    private void visit(List<Due> due) {
        var truncated = new HashMap<TablePlan, Truncated>();
        Job first = null;
        long since = Causes.NONE;
        for (var entry : jobs.entrySet()) {
            var job = entry.getValue();
            if (job.isWalking) {
                truncated.put(entry.getKey(), job.truncated);
                first = first == null ? job : first;
                since = Math.min(since, job.causes.oldest(clock));
            }
        }
        var effect = first == null ? Effect.NONE : documents.truncate(truncated);
        if (effect != Effect.NONE) {
            due.add(new Due(cursor, effect, first.cause, since));
        }
    }

    private void comeRound() {
        cursor = null;
        for (var entry : List.copyOf(jobs.entrySet())) {
            var job = entry.getValue();
            if (job.isWalking && (job.begin == null || job.hasComeRound)) {
                end(entry.getKey(), job);
            }
            job.hasComeRound = job.isWalking;
        }
    }

    /** Of those that have come round, the ones that began before the document. */
    private void endBefore(byte[] rootKey) {
        for (var entry : List.copyOf(jobs.entrySet())) {
            var job = entry.getValue();
            if (job.hasComeRound && DocumentKeys.head(job.begin).compareTo(DocumentKeys.head(rootKey)) < 0) {
                end(entry.getKey(), job);
            }
        }
    }
}
