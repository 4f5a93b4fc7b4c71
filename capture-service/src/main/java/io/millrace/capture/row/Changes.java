package io.millrace.capture.row;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Makes the records of {@code captured.*} from Debezium's change events. Not thread-safe.
 */
public final class Changes {

    /** Key and value of a truncate. Not null: a compacted topic would forget it, and the rows before it would come back in a rebuild. */
    private static final byte[] EVERY_ROW = new byte[0];
    /** More schemas than this are never in use at once; the maps then begin anew. */
    private static final int MOST_SCHEMAS = 10_000;

    private final String sourceName;
    private final Map<TableName, Transforms> transforms;
    private final Environment environment;
    private final Tracing tracing;
    private final MeterRegistry meters;
    private final Map<Schema, TableRows> tables = new IdentityHashMap<>();
    private final Map<String, TableMeters> tableMeters = new HashMap<>();
    private final AvroBuffer buffer = new AvroBuffer();

    /** @param transforms of every table that is captured, the heartbeat's excepted */
    public Changes(String sourceName, Map<TableName, Transforms> transforms, Environment environment, Tracing tracing, MeterRegistry meters) {
        this.sourceName = sourceName;
        this.transforms = Map.copyOf(transforms);
        this.environment = environment;
        this.tracing = tracing;
        this.meters = meters;
    }

    /**
     * Makes the records of one change event: none for the heartbeat or a superseded row, one for each partition for a
     * truncate, else one.
     *
     * @param event what Debezium handed over
     * @param start the slot's confirmed LSN when this run began: the position of snapshot rows, and of changes before
     *        the run's first commit
     * @throws IllegalArgumentException when the row cannot be written; trying again would not help
     */
    public void of(SourceRecord event, long start, Consumer<Captured> into) throws InterruptedException {
        if (!(event.value() instanceof Struct envelope) || envelope.schema().field("op") == null || envelope.schema().field("source") == null) {
            return;
        }
        var table = table(event, envelope);
        if (table.table.equals(Topics.HEARTBEAT)) {
            return;
        }
        var source = envelope.getStruct("source");
        var op = Op.of(Headers.bytes((String) envelope.get(table.op)));
        boolean snapshot = op == Op.READ;
        var position = snapshot ? new Position(start, start) : position(source, table, start);
        var committed = source.get(table.micros) instanceof Long micros ? micros : 0L;
        var headers = new RecordHeaders()
                .add(Headers.POSITION, position.toBytes())
                .add(Headers.OP, op.code())
                .add(Headers.COMMITTED, Headers.bytes(committed));
        long latencyFrom = snapshot ? 0 : committed;
        switch (op) {
            case TRUNCATE -> {
                headers.add(Headers.CAPTURED, Headers.bytes(Headers.nowMicros()));
                for (int partition = 0; partition < environment.partitions(table.topic); partition++) {
                    into.accept(new Captured(new ProducerRecord<>(table.topic, partition, EVERY_ROW, EVERY_ROW, new RecordHeaders(headers)), table.meters, latencyFrom));
                }
            }
            case DELETE -> {
                var row = (Struct) envelope.get(table.before);
                trace(table, row, position, committed, headers);
                into.accept(record(table, (Struct) event.key(), null, headers, latencyFrom));
            }
            case CREATE, UPDATE, READ -> {
                var row = (Struct) envelope.get(table.after);
                // Only an update, or the insert that Debezium makes of a changed key, can lack values.
                boolean whole = snapshot || op == Op.CREATE && event.headers().isEmpty();
                if (!whole && !complete(table, (Struct) event.key(), row)) {
                    table.meters.superseded();
                    return;
                }
                if (!snapshot) {
                    trace(table, row, position, committed, headers);
                }
                into.accept(record(table, (Struct) event.key(), transformed(table, event, row), headers, latencyFrom));
            }
        }
    }

    private TableRows table(SourceRecord event, Struct envelope) {
        var known = tables.get(event.valueSchema());
        if (known == null) {
            var source = envelope.getStruct("source");
            var name = new TableName(source.getString("schema"), source.getString("table"));
            known = new TableRows(sourceName, name, event.valueSchema(), transforms.getOrDefault(name, Transforms.of(name, List.of())),
                    label -> tableMeters.computeIfAbsent(label, l -> new TableMeters(meters, l)), environment);
            if (tables.size() >= MOST_SCHEMAS) {
                tables.clear();
            }
            tables.put(event.valueSchema(), known);
        }
        return known;
    }

    /** {@code sequence} is a JSON array of two texts: the LSN of the last commit before the change, and its own. */
    private static Position position(Struct source, TableRows table, long start) {
        var sequence = (String) source.get(table.sequence);
        long lsn = (Long) source.get(table.lsn);
        int from = 2;
        int end = sequence == null || sequence.length() < 3 || sequence.charAt(1) != '"' ? -1 : sequence.indexOf('"', from);
        return new Position(end < 0 ? start : Long.parseLong(sequence, from, end, 10), lsn);
    }

    private void trace(TableRows table, Struct row, Position position, long committed, org.apache.kafka.common.header.Headers headers) {
        var context = table.trace == null || row == null ? null : row.getWithoutDefault(table.trace.name());
        var header = tracing.header(context instanceof String text ? text : null, table.table.toString(), position, committed);
        if (header != null) {
            headers.add(Headers.TRACEPARENT, Headers.bytes(header));
        }
    }

    /** False when the row is gone: its delete follows, so what the change said of it no longer matters. */
    private boolean complete(TableRows table, Struct key, Struct row) throws InterruptedException {
        var missing = table.missing(row);
        if (missing.isEmpty()) {
            return true;
        }
        var keyColumns = TableRows.columns(key.schema());
        var texts = environment.missingValues(table.table, keyColumns, keyColumns.stream().map(c -> key.get(c.name())).toList(), missing);
        if (texts == null) {
            return false;
        }
        table.complete(row, texts);
        return true;
    }

    private static Struct transformed(TableRows table, SourceRecord event, Struct row) {
        if (table.transforms.isEmpty()) {
            return row;
        }
        var record = new SourceRecord(event.sourcePartition(), event.sourceOffset(), table.topic, null, event.keySchema(), event.key(), row.schema(), row);
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
        return new Captured(new ProducerRecord<>(table.topic, partition, keyBytes, valueBytes, headers), table.meters, latencyFrom);
    }
}
