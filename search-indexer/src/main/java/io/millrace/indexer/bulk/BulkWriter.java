package io.millrace.indexer.bulk;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.measure.IndexSpans;
import io.millrace.indexer.measure.Meters;
import io.millrace.indexer.measure.Meters.Outcome;
import io.millrace.indexer.quarantine.Breaker;
import io.millrace.indexer.quarantine.Quarantine;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.shape.DocumentShape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Writes the documents of one partition, in their order. For one thread.
 *
 * <p>It returns when every document is answered for good: in the index, superseded there, or in quarantine. Until then it
 * tries again, as long as it takes.
 */
public final class BulkWriter {

    private final String who;
    private final Pipeline pipeline;
    private final Bulk client;
    private final Generations generations;
    private final Quarantine quarantine;
    private final Breaker breaker;
    private final Conditions conditions;
    private final Meters meters;
    private final IndexSpans spans;
    private final IndexerConfig config;
    private final Map<String, Object> kafka;
    private final Backoff backoff;
    /** Names the documents' shape by this file. */
    private final String shape;
    /** Of the thread that writes. */
    private Loop loop;
    /** Documents of the last batch that came to an end. */
    private int ended;
    /** Offsets of those of them that went to quarantine. */
    private final Set<Long> parked = new HashSet<>();
    /** The name of the index that is written. */
    private String index;
    private volatile boolean stopping;
    private volatile boolean waiting;

    BulkWriter(String who, Pipeline pipeline, Bulk client, Generations generations, Quarantine quarantine, Breaker breaker,
            Conditions conditions, Meters meters, IndexSpans spans, IndexerConfig config, Map<String, Object> kafka) {
        this.who = who;
        this.pipeline = pipeline;
        this.client = client;
        this.generations = generations;
        this.quarantine = quarantine;
        this.breaker = breaker;
        this.conditions = conditions;
        this.meters = meters;
        this.spans = spans;
        this.config = config;
        this.kafka = kafka;
        this.shape = DocumentShape.id(pipeline.document());
        this.backoff = new Backoff(config.retryMin(), config.retryMax());
    }

    /**
     * A document that is in the index.
     *
     * @param seqNo the index's sequence number of it
     */
    public record Applied(ConsumerRecord<byte[], byte[]> record, long seqNo) {}

    /**
     * Writes records that follow each other in a partition.
     *
     * @param loop of the calling thread
     * @return what the search engine applied last, null where that is a delete or nothing
     * @throws IndexGoneException when the index does not exist any more; nothing may be committed then
     */
    public Applied write(Generation generation, List<ConsumerRecord<byte[], byte[]>> records, Loop loop) throws InterruptedException {
        this.loop = loop;
        ended = 0;
        parked.clear();
        index = generation.index();
        var pending = distinct(records);
        var attempt = new Attempt(records);
        try {
            while (!pending.isEmpty()) {
                pending = sendSome(generation, pending, attempt);
            }
        } finally {
            attempt.end();
        }
        conditions.going(who);
        backoff.reset();
        return attempt.applied;
    }

    /** How many records of those that were written last are in the index, superseded, or in quarantine; as many as there were. */
    public int ended() {
        return ended;
    }

    /** Offsets of those of them that went to quarantine. */
    public Set<Long> parked() {
        return Set.copyOf(parked);
    }

    private void ended(Outcome outcome, int documents) {
        meters.ended(outcome, documents);
        ended += documents;
    }

    /**
     * From now on nothing is tried again. For any thread.
     *
     * @return whether the writer only waits for its next attempt, so that its thread can be interrupted
     */
    public boolean stop() {
        stopping = true;
        return waiting;
    }

    /** What is remembered of one batch from request to request. */
    private static final class Attempt {
        /** Ids that were sent again after the mapping had grown. */
        final Set<String> grown = new HashSet<>();
        /** Ids whose place took another write after they were refused. What was wrong there may have ended in between, so they are sent once more. */
        final Set<String> cleared = new HashSet<>();
        /** How often the engine failed over an id. */
        final Map<String, Integer> failures = new HashMap<>();
        final List<ConsumerRecord<byte[], byte[]>> records;
        /** What was applied last, null where that is a delete or nothing. */
        Applied applied;
        /** Null before the breaker has held something. */
        Successors successors;

        Attempt(List<ConsumerRecord<byte[], byte[]>> records) {
            this.records = records;
        }

        void end() {
            if (successors != null) {
                successors.close();
            }
        }
    }

    /**
     * One document for each id, the one that has the last word: so no document waits for a retry while another of its id
     * is applied.
     */
    private List<Document> distinct(List<ConsumerRecord<byte[], byte[]>> records) throws InterruptedException {
        var byId = LinkedHashMap.<String, Document>newLinkedHashMap(records.size());
        int superseded = 0;
        for (var record : records) {
            try {
                var document = Document.of(record);
                var other = byId.get(document.id());
                if (other != null) {
                    superseded++;
                }
                if (other == null || other.version() <= document.version()) {
                    byId.put(document.id(), document);
                }
            } catch (UnusableException e) {
                park(record, e.code(), e.getMessage());
            }
        }
        ended(Outcome.SUPERSEDED, superseded);
        return List.copyOf(byId.values());
    }

    /** How much it writes at once now. */
    public BulkPermits permits() {
        return client.permits();
    }

    /**
     * Sends as many as the target takes at once now. What must be sent again waits behind the others, so that one document that is not taken keeps none back.
     *
     * @return the documents that are to be sent yet
     */
    private List<Document> sendSome(Generation generation, List<Document> documents, Attempt attempt) throws InterruptedException {
        int fitting = fitting(documents);
        var again = send(generation, documents.subList(0, fitting), attempt);
        if (fitting == documents.size()) {
            return again;
        }
        if (stopping) {
            throw new InterruptedException();
        }
        var pending = new ArrayList<>(documents.subList(fitting, documents.size()));
        pending.addAll(again);
        return pending;
    }

    /** At least one. */
    private int fitting(List<Document> documents) {
        int most = Math.min(client.permits().documents(), documents.size());
        long left = client.permits().bytes() - documents.getFirst().weight();
        int fitting = 1;
        while (fitting < most && left >= documents.get(fitting).weight()) {
            left -= documents.get(fitting++).weight();
        }
        return fitting;
    }

    /** @return the documents that must be sent again */
    private List<Document> send(Generation generation, List<Document> documents, Attempt attempt) throws InterruptedException {
        return switch (client.send(generation, documents, loop)) {
            case Bulk.Answer.Answered answered -> {
                meters.sent(documents.size(), answered.bytes(), answered.nanos());
                yield sort(generation, documents, answered, attempt);
            }
            case Bulk.Answer.TooLarge tooLarge -> halve(generation, documents, tooLarge.reason(), attempt);
            case Bulk.Answer.Unanswered unanswered -> {
                later(documents.size(), unanswered.reason());
                yield documents;
            }
        };
    }

    private List<Document> halve(Generation generation, List<Document> documents, String reason, Attempt attempt) throws InterruptedException {
        if (documents.size() == 1) {
            return refused(List.of(documents.getFirst()), List.of(reason), 1, "too-large", attempt);
        }
        int middle = documents.size() / 2;
        var again = new ArrayList<>(send(generation, documents.subList(0, middle), attempt));
        again.addAll(send(generation, documents.subList(middle, documents.size()), attempt));
        return again;
    }

    private List<Document> sort(Generation generation, List<Document> documents, Bulk.Answer.Answered answer, Attempt attempt)
            throws InterruptedException {
        var again = new ArrayList<Document>();
        var refused = new ArrayList<Document>();
        var reasons = new ArrayList<String>();
        var ofOtherFile = new ArrayList<Document>();
        String strange = null;
        var doubtful = new ArrayList<Document>();
        var doubts = new ArrayList<String>();
        var now = Headers.nowMicros();
        var started = now - answer.nanos() / 1_000;
        int superseded = 0;
        int deleted = 0;
        boolean unmapped = false;
        String wait = null;
        try (var bulk = spans.bulk(pipeline, documents.size(), started, now)) {
            for (int i = 0; i < documents.size(); i++) {
                var document = documents.get(i);
                switch (answer.verdicts().get(i)) {
                    case Verdict.Applied applied -> {
                        attempt.applied = document.isDelete() ? null : new Applied(document.record(), answer.lastSeqNo());
                        deleted += document.isDelete() ? 1 : 0;
                        answered(bulk, document, document.isDelete() ? "deleted" : "written", now);
                    }
                    case Verdict.Superseded s -> {
                        superseded++;
                        answered(bulk, document, "superseded", now);
                    }
                    case Verdict.Later later -> {
                        again.add(document);
                        wait = later.reason();
                    }
                    case Verdict.Failed failed -> {
                        if (attempt.failures.merge(document.id(), 1, Integer::sum) < config.serverErrorAttempts()) {
                            again.add(document);
                            wait = Verdict.withoutValues(failed.reason());
                        } else {
                            doubtful.add(document);
                            doubts.add(failed.reason());
                        }
                    }
                    case Verdict.Unmapped u -> {
                        if (attempt.grown.add(document.id())) {
                            again.add(document);
                            unmapped = true;
                        } else if (isOfOtherFile(document)) {
                            ofOtherFile.add(document);
                            strange = u.reason();
                        } else {
                            refused.add(document);
                            reasons.add(u.reason());
                        }
                    }
                    case Verdict.Refused r -> {
                        refused.add(document);
                        reasons.add(r.reason());
                    }
                    case Verdict.Doubtful d -> {
                        doubtful.add(document);
                        doubts.add(d.reason());
                    }
                    case Verdict.IndexGone gone -> throw new IndexGoneException(gone.reason());
                }
            }
        }
        var faults = doubtful.isEmpty() ? List.<String>of() : client.faults(generation, doubtful, loop);
        for (int i = 0; i < doubtful.size(); i++) {
            var document = doubtful.get(i);
            if (faults.get(i) != null) {
                attempt.cleared.remove(document.id());
                again.add(document);
                wait = "the index takes no write at all where some of the documents go: " + faults.get(i);
            } else if (attempt.cleared.add(document.id())) {
                again.add(document);
            } else {
                refused.add(document);
                reasons.add(doubts.get(i));
            }
        }
        if (!ofOtherFile.isEmpty()) {
            var held = withoutSuccessors(ofOtherFile, attempt);
            superseded += ofOtherFile.size() - held.size();
            again.addAll(held);
            wait = held.isEmpty() ? wait : strange + "; the join makes documents by another file of the pipeline " + pipeline.name() + " than this indexer has, one to which fields were added. Give this indexer that file too; until then they wait, and none is lost or set aside."
                    + " Where a step of your own adds the field, name it in index.mappings";
        }
        int done = documents.size() - again.size() - refused.size();
        ended(Outcome.DELETED, deleted);
        ended(Outcome.SUPERSEDED, superseded);
        ended(Outcome.WRITTEN, done - deleted - superseded);
        again.addAll(refused(refused, reasons, done + refused.size(), "refused", attempt));
        if (unmapped) {
            grow(generation);
        }
        if (wait != null) {
            later(again.size(), wait);
        }
        return again;
    }

    /** A field that is new in the file comes with documents that say so, and may be here before the file is. */
    private boolean isOfOtherFile(Document document) {
        var made = Headers.text(document.record().headers(), Headers.SHAPE);
        return made != null && !made.equals(shape);
    }

    private void answered(IndexSpans.Bulk bulk, Document document, String outcome, long now) {
        meters.indexed(document.record().headers(), now);
        bulk.answered(document.record(), outcome);
    }

    /** @return the documents that are asked for again, because the breaker holds them out of the quarantine */
    private List<Document> refused(List<Document> refused, List<String> reasons, int answered, String code, Attempt attempt) throws InterruptedException {
        if (!breaker.admits(refused.size(), answered)) {
            conditions.waiting(who, "most of the recent documents of the pipeline " + pipeline.name() + " are refused, so they are held, not quarantined; the last reason: "
                    + Verdict.withoutValues(reasons.getLast()) + ". Correct the rows at the source: what comes later takes the place of what is held. Or add the field to the mapping of the index; one that has another type there needs a pipeline of another"
                    + " name with index.mappings and 'replaces: [" + pipeline.name() + "]'. To quarantine them all the same, set millrace.indexer.breaker.share=1");
            var held = withoutSuccessors(refused, attempt);
            ended(Outcome.SUPERSEDED, refused.size() - held.size());
            meters.retried(held.size());
            if (!held.isEmpty()) {
                pause(config.breaker().pause(), () -> Thread.sleep(config.breaker().pause()));
            }
            return held;
        }
        for (int i = 0; i < refused.size(); i++) {
            park(refused.get(i).record(), code, reasons.get(i));
        }
        return List.of();
    }

    /** A document that has another one of its id behind it in the partition need not be written, and the other may be right. */
    private List<Document> withoutSuccessors(List<Document> held, Attempt attempt) {
        loop.waits(Successors.LONGEST);
        if (attempt.successors == null) {
            attempt.successors = new Successors(kafka, attempt.records);
        }
        return attempt.successors.without(held);
    }

    private void park(ConsumerRecord<byte[], byte[]> record, String code, String detail) throws InterruptedException {
        while (true) {
            try {
                loop.waits(Quarantine.LONGEST);
                quarantine.park(pipeline, index, record, code, detail);
                parked.add(record.offset());
                ended(Outcome.PARKED, 1);
                return;
            } catch (Quarantine.ParkException e) {
                later(1, e.getMessage());
            }
        }
    }

    /** A mapping that does not take a column of the table is no document's fault: it is asked for until it does. */
    private void grow(Generation generation) throws InterruptedException {
        while (true) {
            try {
                loop.waits(config.requestTimeout().multipliedBy(Generations.REQUESTS_TO_GROW));
                var refused = generations.grow(pipeline, generation);
                if (refused == null) {
                    return;
                }
                later(1, "the mapping of the index " + generation.index() + " does not take new columns: " + refused
                        + "; raise the limit (PUT /" + generation.index() + "/_settings, and index.settings of the pipeline " + pipeline.name() + ") or correct index.mappings");
            } catch (SearchAwayException e) {
                later(1, e.getMessage());
            }
        }
    }

    private void later(int documents, String reason) throws InterruptedException {
        conditions.waiting(who, reason);
        meters.retried(documents);
        pause(config.retryMax(), backoff::await);
    }

    private interface Pause {
        void await() throws InterruptedException;
    }

    private void pause(Duration atMost, Pause pause) throws InterruptedException {
        loop.waits(atMost);
        waiting = true;
        try {
            if (stopping) {
                throw new InterruptedException();
            }
            pause.await();
        } finally {
            waiting = false;
        }
    }
}
