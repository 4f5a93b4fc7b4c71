package io.millrace.capture.engine;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.capture.bundle.Bundle;
import io.millrace.capture.continuity.Known;
import io.millrace.capture.continuity.Point;
import io.millrace.capture.registry.RegistryAwayException;
import io.millrace.capture.registry.SchemaIds;
import io.millrace.capture.resnapshot.Resnapshots;
import io.millrace.capture.resnapshot.Window;
import io.millrace.capture.resnapshot.Window.Step;
import io.millrace.capture.row.Captured;
import io.millrace.capture.row.Change;
import io.millrace.capture.row.Changes;
import io.millrace.capture.row.Envelopes;
import io.millrace.capture.row.Environment;
import io.millrace.capture.row.Events;
import io.millrace.capture.row.Form;
import io.millrace.capture.row.Tracing;
import io.millrace.capture.row.Transforms;
import io.millrace.capture.send.Progress;
import io.millrace.capture.send.SendException;
import io.millrace.capture.send.Sender;
import io.millrace.capture.source.MissingValues;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.Truncates;
import io.millrace.capture.source.UnseenException;
import io.millrace.capture.subject.ErasedSubjects;
import io.millrace.capture.subject.Reading;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.apache.avro.Schema;
import org.apache.kafka.connect.source.SourceRecord;

/** Writes what one engine run brings to Kafka. Used by one thread. */
final class Writer implements Engine.Consumer, Environment {

    private static final long CONFIRM_NANOS = 1_000_000_000L;
    private static final String COMMIT = "lsn_commit";
    /** What is sent before Kafka's answer is awaited ends with the row that goes over this. */
    private static final long MOST_BYTES = 8 << 20;

    /**
     * What a writer works with, the same for every run.
     *
     * @param most changes that are sent before Kafka's answer is awaited
     * @param progress is asked before anything is sent whether this process may
     * @param truncates is told of those that come in the stream
     * @param loop is given a sign before each change and each attempt
     * @param diverged is told why the stream is not the remembered history
     * @param unnamed is told of tables with a change that does not say which row it is of
     * @param window where what is read meanwhile meets the stream
     * @param rows about how many a table had when nothing was missing of it, 0 where that is not known
     * @param whole is told of a table that was read whole meanwhile; answers with what is known of the tables then
     */
    record Tools(String sourceName, int most, Map<TableName, Form> forms, Map<TableName, Transforms> transforms, Events events, ErasedSubjects erased, Resnapshots resnapshots, SchemaIds schemaIds, Progress progress, Sender sender, MissingValues missingValues, Truncates truncates,
            Tracing tracing, MeterRegistry meters, StreamMeters stream, Heartbeat heartbeat, Slot slot, Marks marks, Patience patience, Loop loop, Consumer<String> diverged, Consumer<Set<TableName>> unnamed, Window window, ToLongFunction<TableName> rows, Whole whole) {}

    /** Remembers that a table was read whole. */
    interface Whole {
        /** @param from the LSN as of which the reading began at the earliest */
        Map<TableName, Known> of(TableName table, long from) throws InterruptedException;
    }

    private final Tools tools;
    private final long start;
    private final boolean marks;
    private final Set<TableName> unsound;
    private Map<TableName, Known> tables;
    private final Changes changes;
    private final Envelopes envelopes = new Envelopes();
    private final Map<String, Integer> partitions = new HashMap<>();
    /** Tables of which more is missing than anybody remembers yet. */
    private final Set<TableName> unnamed = new TreeSet<>();
    /** What is to be read again for the orders of the current batch. */
    private final List<Reading> readings = new ArrayList<>();
    /** The heartbeat that must come again, null where none must. */
    private Point expected;
    /** The last heartbeat of the current batch, null where it has none. */
    private Point beat;
    /** The last heartbeat that is in Kafka but in no mark. */
    private Point acknowledged;
    /** Whether the slot that is read is the one that was looked at. */
    private boolean attached;
    private long confirmedAt = System.nanoTime() - CONFIRM_NANOS;

    /** @param marks whether it reads the slot: then it leaves marks before Postgres is told */
    Writer(Tools tools, Plan plan, boolean marks) {
        this.tools = tools;
        this.start = plan.start();
        this.marks = marks;
        this.unsound = plan.problems().keySet();
        this.tables = plan.tables();
        this.changes = new Changes(tools.sourceName, plan.base(), tools.forms, tools.transforms, tools.events, tools.erased, tools.sender.mostBytes(), this, tools.tracing, tools.meters);
        var last = tools.marks.current().beat();
        this.expected = marks && last != null && Long.compareUnsigned(start, last.lsn()) < 0 ? last : null;
    }

    @Override
    public void accept(List<SourceRecord> events) throws InterruptedException {
        tools.heartbeat.takes();
        var writing = new Writing();
        for (var event : events) {
            if (event instanceof Bundle bundle) {
                for (var change : bundle) {
                    writing.write(change);
                }
            } else {
                var change = envelopes.change(event);
                if (change != null) {
                    writing.write(change);
                }
            }
        }
        writing.end();
        tools.heartbeat.took(writing.changes, events.getLast().sourceOffset().get(COMMIT) instanceof Long commit ? commit : 0);
    }

    /** Returns when Kafka holds all of the rows, which were read before the stream. */
    void write(List<Change> rows) throws InterruptedException {
        var writing = new Writing();
        for (var row : rows) {
            writing.write(row);
        }
        writing.end();
    }

    /** The changes of one batch, in parts of which each is in Kafka before the next one goes. */
    private final class Writing {
        private final long began = System.nanoTime();
        private final List<Captured> part = new ArrayList<>();
        private long bytes;
        private int sent;
        /** Whether there was any, to be sent or not. */
        private boolean changes;

        Writing() {
            beat = null;
        }

        void write(Change change) throws InterruptedException {
            tools.loop.beat();
            changes = true;
            if (change.op() == Op.TRUNCATE) {
                tools.truncates.came(change.table(), change.transaction());
            }
            Writer.this.changes.of(change, start, this::add);
            if (part.size() >= tools.most || bytes >= MOST_BYTES) {
                send();
            }
        }

        private void add(Captured captured) {
            part.add(captured);
            bytes += captured.size();
        }

        private void send() throws InterruptedException {
            if (sent == 0) {
                tools.stream.began(!part.isEmpty() ? part.getFirst().committedMicros() : beat == null ? 0 : beat.micros());
            }
            if (!part.isEmpty()) {
                Writer.this.send(part);
            }
            if (marks) {
                tools.window.wrote(part);
            }
            sent += part.size();
            part.clear();
            bytes = 0;
        }

        void end() throws InterruptedException {
            if (!part.isEmpty() || sent == 0) {
                send();
            }
            readAgain();
            if (beat != null) {
                acknowledged = beat;
                tools.progress.reached(beat.lsn());
            }
            tools.stream.ended(sent, System.nanoTime() - began);
            if (marks) {
                merge();
            }
        }
    }

    /** It is remembered before anybody is told that the orders were captured, and before Postgres is. */
    private void readAgain() throws InterruptedException {
        if (!readings.isEmpty()) {
            tools.patience.insist(SendException.class, () -> {
                tools.resnapshots.erase(readings);
                return null;
            });
            readings.clear();
        }
    }

    /** Writes what was read meanwhile behind this batch, so that it is newer in the topic than whatever it is newer than. */
    private void merge() throws InterruptedException {
        switch (tools.window.step()) {
            case null -> {}
            case Step.Rows rows -> tools.window.done(merge(rows));
            case Step.End end -> {
                if (end.reconciled()) {
                    gone(end);
                }
                tables = tools.whole.of(end.table(), end.position());
                tools.window.done(true);
            }
        }
    }

    private boolean merge(Step.Rows rows) throws InterruptedException {
        var batch = new ArrayList<Captured>(rows.rows().size());
        for (var row : rows.rows()) {
            tools.loop.beat();
            changes.of(row, rows.position(), batch::add);
        }
        if (!tools.window.sift(batch)) {
            return false;
        }
        if (!batch.isEmpty()) {
            send(batch);
        }
        return true;
    }

    /** Takes away the rows of tables that were read whole and that the reading did not bring. */
    void gone(Collection<TableName> tables) throws InterruptedException {
        for (var table : tables) {
            gone(table, start, 0, 0);
        }
    }

    /** Of a table that was never read nobody has more than a part: what is gone of it is not counted, and nobody need decide about that. */
    private void gone(Step.End end) throws InterruptedException {
        if (tables.get(end.table()).wasRead()) {
            gone(end.table(), end.position(), tools.rows.applyAsLong(end.table()), end.rows());
        } else {
            long all = Math.max(1, end.rows());
            gone(end.table(), end.position(), all, all);
        }
    }

    private void gone(TableName table, long read, long before, long kept) throws InterruptedException {
        var batch = new ArrayList<Captured>();
        changes.gone(table, read, before, kept, batch::add);
        send(batch);
    }

    /** The mark comes first: a slot that has confirmed more than the mark says was moved by somebody else. */
    @Override
    public boolean confirms(SourceRecord last) throws InterruptedException {
        if (!marks) {
            return true;
        }
        if (!unnamed.isEmpty()) {
            tools.unnamed.accept(Set.copyOf(unnamed));
            throw new StartException("Changes of " + unnamed + " do not say which rows they are of; beginning again, so that it is remembered before they are confirmed");
        }
        long now = System.nanoTime();
        if (!attached) {
            attach();
        }
        if (expected != null || now - confirmedAt < CONFIRM_NANOS || !(last.sourceOffset().get(COMMIT) instanceof Long lsn)) {
            return false;
        }
        var at = new Point(Math.max(lsn, tools.marks.current().acknowledged().lsn()), Headers.nowMicros());
        tools.patience.insist(SendException.class, () -> {
            tools.marks.acknowledged(at, acknowledged);
            return null;
        });
        confirmedAt = now;
        return true;
    }

    /**
     * Debezium makes a slot that it does not find, and somebody else may have made it anew after it was looked at. From here on
     * it is read by this run, and cannot be taken away without ending it.
     */
    private void attach() throws InterruptedException {
        var state = tools.patience.insist(SQLException.class, tools.slot::state);
        if (state == null || Long.compareUnsigned(state.confirmed(), tools.marks.current().acknowledged().lsn()) > 0) {
            throw new StartException("The replication slot " + tools.slot.name() + " was made anew while capture connected to it; looking at it again");
        }
        attached = true;
    }

    /** Nothing is merged into a stream of which it is not known yet that it is the remembered one. */
    @Override
    public void passes(long before, long transaction) {
        tools.window.passes(before, transaction, attached && expected == null);
    }

    /** The stream is the remembered one only if it has the remembered heartbeat where that was. */
    @Override
    public void heartbeat(long lsn, long committedMicros) {
        var seen = new Point(lsn, committedMicros);
        if (expected != null && Long.compareUnsigned(lsn, expected.lsn()) >= 0) {
            if (!seen.equals(expected)) {
                var why = "The stream has a heartbeat at " + seen + " and none at " + expected + ", where Kafka was told of one: Postgres was restored from a copy";
                tools.diverged.accept(why);
                throw new StartException(why);
            }
            expected = null;
        }
        beat = seen;
        tools.heartbeat.came(lsn);
    }

    private void send(List<Captured> batch) throws InterruptedException {
        tools.patience.insist(SendException.class, () -> {
            // Before it is asked who has the topics: it may wait for Kafka.
            tools.sender.meet(batch);
            if (marks) {
                // Who reads the slot has it to itself besides, and its batches may be small.
                tools.progress.claim().checkLately();
            } else {
                tools.progress.claim().check();
            }
            tools.sender.send(batch);
            return null;
        });
        long now = Headers.nowMicros();
        for (var captured : batch) {
            captured.table().acknowledged(captured, now);
        }
    }

    @Override
    public int schemaId(String subject, Schema schema) throws InterruptedException {
        return tools.patience.insist(RegistryAwayException.class, () -> tools.schemaIds.id(subject, schema));
    }

    @Override
    public int partitions(String topic) throws InterruptedException {
        var known = partitions.get(topic);
        if (known == null) {
            known = tools.patience.insist(SendException.class, () -> tools.progress.partitions(List.of(topic)).get(topic));
            if (known == null) {
                throw new StartException("Kafka has no topic " + topic + " any more; make it by provisioning the source; trying again");
            }
            partitions.put(topic, known);
        }
        return known;
    }

    @Override
    public int eventPartitions(String topic) throws InterruptedException {
        if (!partitions.containsKey(topic)) {
            tools.patience.insist(SendException.class, () -> {
                tools.progress.make(topic);
                return null;
            });
        }
        return partitions(topic);
    }

    @Override
    public Map<String, String> missingValues(TableName table, long transaction, List<String> columns, List<Column> keyColumns, List<Object> key, List<String> missing) throws InterruptedException {
        return tools.patience.insist(SQLException.class, UnseenException.class, () -> tools.missingValues.read(table, transaction, columns, keyColumns, key, missing));
    }

    /** Orders that are read come in no sequence, and what stands was looked at before; in a first reading all tables are read too. */
    @Override
    public void ordered(Op op, ErasedSubjects.Order order) {
        var known = tables.get(Topics.OUTBOX);
        if (op != Op.READ) {
            tools.erased.take(order);
        }
        if (op != Op.READ || known != null && known.gap() != null && known.wasRead()) {
            readings.addAll(tools.erased.readings(order));
        }
    }

    @Override
    public void createdAnew(ErasedSubjects.Anew anew) throws InterruptedException {
        tools.patience.insist(SQLException.class, () -> {
            tools.erased.end(anew);
            return null;
        });
    }

    /** What came before the end of a gap is brought by the reading that closes it, and none begins while the table has a problem. */
    @Override
    public void unnamed(TableName table, long lsn) {
        var known = tables.get(table);
        boolean lacks = known != null && known.gap() != null && !known.isOld();
        if (!lacks || !unsound.contains(table) && Long.compareUnsigned(lsn, known.gap().to().lsn()) > 0) {
            unnamed.add(table);
        }
    }
}
