package io.millrace.capture.row;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.capture.subject.ErasedSubjects;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.subject.SubjectKey;
import io.millrace.pipeline.topic.Topics;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jboss.logging.Logger;

/**
 * Makes the records of {@code captured.*} of changes. Not thread-safe.
 */
public final class Changes {

    private static final Logger LOG = Logger.getLogger(Changes.class);
    /** Key and value of a truncate. Not null: a compacted topic would forget it, and the rows before it would come back in a rebuild. */
    private static final byte[] EVERY_ROW = new byte[0];
    /** More schemas than this are never in use at once; the maps then begin anew. */
    private static final int MOST_SCHEMAS = 10_000;

    private final String sourceName;
    private final long base;
    private final Map<TableName, Form> forms;
    private final Map<TableName, Transforms> transforms;
    private final Events events;
    private final ErasedSubjects erased;
    private final int mostBytes;
    private final Environment environment;
    private final Tracing tracing;
    private final MeterRegistry meters;
    private final Map<Schema, TableRows> tables = new IdentityHashMap<>();
    private final Map<String, TableMeters> tableMeters = new HashMap<>();
    private final AvroBuffer buffer;
    /** What was last logged of each table's rows that cannot be written. */
    private final Map<TableName, String> unwritable = new HashMap<>();

    /**
     * @param base what is added to an LSN to make a position
     * @param forms of the tables whose rows do not go as they are
     * @param transforms of the tables that have some
     * @param events makes those of the application's outbox, null where it has none
     * @param erased whose rows do not go, or go in another form
     * @param mostBytes largest record
     */
    public Changes(String sourceName, long base, Map<TableName, Form> forms, Map<TableName, Transforms> transforms, Events events, ErasedSubjects erased, int mostBytes, Environment environment, Tracing tracing, MeterRegistry meters) {
        this.sourceName = sourceName;
        this.base = base;
        this.forms = Map.copyOf(forms);
        this.transforms = Map.copyOf(transforms);
        this.events = events;
        this.erased = erased;
        this.mostBytes = mostBytes;
        this.environment = environment;
        this.tracing = tracing;
        this.meters = meters;
        this.buffer = new AvroBuffer(mostBytes);
    }

    /**
     * Makes the records of one change: none for the heartbeat, a superseded row or one that the pipeline file leaves out, one for each partition for a
     * truncate, else one. A change that cannot be written becomes a record that makes the gate park the table from there on;
     * the other tables go on.
     *
     * @param start the slot's confirmed LSN when this run began: the position of snapshot rows, and of changes before
     *        the run's first commit. Of rows that are read while the stream goes on, the LSN at which they are merged into it
     */
    public void of(Change change, long start, Consumer<Captured> into) throws InterruptedException {
        var op = change.op();
        var position = op == Op.READ ? new Position(base + start, 0) : new Position(base + (change.commit() == 0 ? start : change.commit()), base + change.lsn());
        if (op != Op.READ) {
            environment.passes(position.commit() - base, change.transaction());
        }
        if (change.table().equals(Topics.HEARTBEAT)) {
            environment.heartbeat(change.lsn(), change.micros());
            return;
        }
        var table = table(change);
        var headers = new RecordHeaders()
                .add(Headers.POSITION, position.toBytes())
                .add(Headers.OP, op.code())
                .add(Headers.COMMITTED, Headers.bytes(change.micros()));
        if (events != null && events.table().equals(table.table)) {
            // Only what is new is an event: one that was sent is not taken back.
            if (op == Op.READ || op == Op.CREATE && !change.rekeyed()) {
                into.accept(event(change, table, position, headers));
            } else {
                table.meters.filtered();
            }
            return;
        }
        if (table.table.equals(Topics.OUTBOX) && (op == Op.CREATE || op == Op.READ)) {
            order(change.after(), op);
        }
        switch (op) {
            case TRUNCATE -> everyRow(table.topic, table.meters, headers, change.micros(), into);
            case DELETE, CREATE, UPDATE, READ -> {
                Captured captured;
                try {
                    captured = row(change, table, position, headers);
                } catch (IllegalArgumentException e) {
                    // A row that was read can be touched, whatever its key is.
                    if (e instanceof UnnamedRowException && op != Op.READ) {
                        environment.unnamed(table.table, change.lsn());
                    }
                    captured = unwritable(table, change.key(), position, headers, e);
                }
                if (captured != null) {
                    into.accept(captured);
                }
            }
        }
    }

    private void order(Struct request, Op op) {
        var type = request.getString("type");
        if (SubjectKey.FORGET.equals(type) || SubjectKey.REMEMBER.equals(type)) {
            environment.ordered(op, new ErasedSubjects.Order(SubjectKey.REMEMBER.equals(type), request.getString("aggregatetype"), request.getString("aggregateid"), request.getInt64("timestamp")));
        }
    }

    /**
     * Makes the records that take away every row of a table which a reading of the whole table did not bring: a truncate that
     * stands just before what was read.
     *
     * @param start the LSN whose position the first row has that was read
     * @param before how many rows the table had, 0 where that is not known
     * @param kept how many the reading brought
     */
    public void gone(TableName table, long start, long before, long kept, Consumer<Captured> into) throws InterruptedException {
        long now = Headers.nowMicros();
        var headers = new RecordHeaders()
                .add(Headers.POSITION, new Position(base + start - 1, Long.MAX_VALUE).toBytes())
                .add(Headers.OP, Op.TRUNCATE.code())
                .add(Headers.COMMITTED, Headers.bytes(now));
        if (before > 0) {
            headers.add(Headers.ROWS_BEFORE, Headers.bytes(before)).add(Headers.ROWS_KEPT, Headers.bytes(kept));
        }
        everyRow(Topics.captured(sourceName, table), meters(Topics.suffix(sourceName, table)), headers, now, into);
    }

    private void everyRow(String topic, TableMeters table, org.apache.kafka.common.header.Headers headers, long committed, Consumer<Captured> into) throws InterruptedException {
        headers.add(Headers.CAPTURED, Headers.bytes(Headers.nowMicros()));
        for (int partition = 0; partition < environment.partitions(topic); partition++) {
            into.accept(new Captured(new ProducerRecord<>(topic, partition, EVERY_ROW, EVERY_ROW, new RecordHeaders(headers)), table, committed, true));
        }
    }

    /** The event that the application left in a row of its outbox; in the quarantine where it cannot be sent. */
    private Captured event(Change row, TableRows table, Position position, org.apache.kafka.common.header.Headers headers) throws InterruptedException {
        var quarantine = Topics.quarantine(sourceName, table.table);
        environment.eventPartitions(quarantine);
        if (row.op() == Op.CREATE) {
            trace(table, row.after(), position, row.micros(), headers);
        }
        headers.add(Headers.CAPTURED, Headers.bytes(Headers.nowMicros()));
        // What a row tells goes with its event, and not into the quarantine.
        var instead = new ProducerRecord<byte[], byte[]>(quarantine, null, Headers.bytes(position.toString()), null, headers);
        try {
            var told = new RecordHeaders(headers);
            var event = events.of(row.event(), told);
            int partitions = environment.eventPartitions(event.topic());
            var partition = event.key() == null ? null : Integer.valueOf(Partitions.of(event.key(), partitions));
            var captured = new Captured(new ProducerRecord<>(event.topic(), partition, event.key(), event.value(), told), instead, table.meters, row.op() == Op.READ ? 0 : row.micros(), true);
            if (captured.size() > mostBytes) {
                throw new IllegalArgumentException(AvroBuffer.tooLarge(captured.size(), mostBytes));
            }
            return captured;
        } catch (IllegalArgumentException e) {
            var why = "An event of the outbox " + table.table + " cannot be sent: " + e.getMessage();
            LOG.errorf("%s. Its position %s and this reason stand in the topic %s; the events behind it go on. Insert it anew once the cause is gone.", why, position, quarantine);
            return new Captured(instead, table.meters, 0, false).unwritable(why);
        }
    }

    private TableMeters meters(String label) {
        return tableMeters.computeIfAbsent(label, l -> new TableMeters(meters, l));
    }

    /**
     * The record of one row's change, null for one that is superseded or left out.
     *
     * @throws IllegalArgumentException when it cannot be written; trying again would not help
     */
    private Captured row(Change change, TableRows table, Position position, org.apache.kafka.common.header.Headers headers) throws InterruptedException {
        var op = change.op();
        boolean snapshot = op == Op.READ;
        long committed = change.micros();
        var key = change.key();
        if (key == null) {
            throw new UnnamedRowException(change.unreadable() != null ? change.unreadable()
                    : "A row of the table " + table.table + " cannot be written: its primary key is not known any more, because the table was dropped or its key changed since");
        }
        if (change.unreadable() != null) {
            throw new IllegalArgumentException(change.unreadable());
        }
        if (op == Op.DELETE) {
            erased.deleted(table.table, position.commit());
            trace(table, change.before(), position, committed, headers);
            return record(table, key, null, headers, committed);
        }
        var row = change.after();
        // Only an update, or the insert that Debezium makes of a changed key, can lack values.
        boolean whole = snapshot || op == Op.CREATE && !change.rekeyed();
        if (!whole && !complete(table, change.transaction(), key, row)) {
            table.meters.superseded();
            return null;
        }
        if (op == Op.CREATE && !change.rekeyed()) {
            for (var anew : erased.anew(table.table, row, committed, position.commit())) {
                environment.createdAnew(anew);
            }
        }
        var kept = erased.of(table.table, row);
        var formed = kept == null ? null : table.formed(kept, key.schema());
        if (kept != null && formed == null && op != Op.UPDATE) {
            table.meters.filtered();
            return null;
        }
        if (!snapshot) {
            trace(table, row, position, committed, headers);
        }
        if (formed == null) {
            // It may have been one of those that go, or of somebody who was not erased.
            Headers.set(headers, Headers.OP, Op.DELETE.code());
            return record(table, key, null, headers, snapshot ? 0 : committed);
        }
        return record(table, key, transformed(table, key, formed), headers, snapshot ? 0 : committed);
    }

    /**
     * The key and the reason, without the row: a transform that failed may be there to hide something of it, and Postgres
     * still has it. A key that cannot be written either is replaced by the position, which no other record has.
     */
    private Captured unwritable(TableRows table, Struct key, Position position, org.apache.kafka.common.header.Headers headers, IllegalArgumentException why) throws InterruptedException {
        if (!why.getMessage().equals(unwritable.put(table.table, why.getMessage()))) {
            LOG.errorf("%s. The gate parks the table from this change on, at %s; other tables go on. Correct the transform or the table and restart capture, touch the rows "
                    + "so that they are captured again, then discard the refused records at the gate.", why.getMessage(), position);
            LOG.debug("The cause", why);
        }
        byte[] keyBytes;
        try {
            keyBytes = key == null ? Headers.bytes(position.toString()) : table.key(key, buffer);
        } catch (IllegalArgumentException _) {
            keyBytes = Headers.bytes(position.toString());
        }
        headers.add(Headers.CAPTURED, Headers.bytes(Headers.nowMicros()));
        int partition = Partitions.of(keyBytes, environment.partitions(table.topic));
        return new Captured(new ProducerRecord<>(table.topic, partition, keyBytes, null, headers), table.meters, 0, false).unwritable(why.getMessage());
    }

    private TableRows table(Change change) {
        var known = tables.get(change.rows());
        if (known == null) {
            var name = change.table();
            known = new TableRows(sourceName, name, change.rows(), forms.getOrDefault(name, Form.AS_IT_IS), transforms.getOrDefault(name, Transforms.of(name, List.of())), meters(Topics.suffix(sourceName, name)), environment);
            if (tables.size() >= MOST_SCHEMAS) {
                tables.clear();
            }
            tables.put(change.rows(), known);
        }
        return known;
    }

    private void trace(TableRows table, Struct row, Position position, long committed, org.apache.kafka.common.header.Headers headers) {
        var context = table.trace == null || row == null ? null : row.getWithoutDefault(table.trace.name());
        var header = tracing.header(context instanceof String text ? text : null, table.table, position, committed);
        if (header != null) {
            headers.add(Headers.TRACEPARENT, Headers.bytes(header));
        }
    }

    /** False when the row is gone: its delete follows, so what the change said of it no longer matters. */
    private boolean complete(TableRows table, long transaction, Struct key, Struct row) throws InterruptedException {
        var missing = table.missing(row);
        if (missing.isEmpty()) {
            return true;
        }
        var keyColumns = TableRows.columns(key.schema());
        var columns = row.schema().fields().stream().map(Field::name).toList();
        var texts = environment.missingValues(table.table, transaction, columns, keyColumns, keyColumns.stream().map(c -> key.get(c.name())).toList(), missing);
        if (texts == null) {
            return false;
        }
        table.complete(row, texts);
        return true;
    }

    private static Struct transformed(TableRows table, Struct key, Struct row) {
        if (table.transforms.isEmpty()) {
            return row;
        }
        var record = new SourceRecord(Map.of(), Map.of(), table.topic, null, key.schema(), key, row.schema(), row);
        if (table.transforms.apply(record).value() instanceof Struct transformed) {
            return transformed;
        }
        throw new IllegalArgumentException("The transforms of the table " + table.table + " give something that is no row; correct them in the pipeline file");
    }

    private Captured record(TableRows table, Struct key, Struct row, org.apache.kafka.common.header.Headers headers, long latencyFrom) throws InterruptedException {
        var keyBytes = table.key(key, buffer);
        var valueBytes = row == null ? null : table.value(row, buffer);
        headers.add(Headers.CAPTURED, Headers.bytes(Headers.nowMicros()));
        int partition = Partitions.of(keyBytes, environment.partitions(table.topic));
        return new Captured(new ProducerRecord<>(table.topic, partition, keyBytes, valueBytes, headers), table.meters, latencyFrom, true);
    }
}
