package io.millrace.gate.flow;

import io.millrace.gate.Table;
import io.millrace.gate.schema.FieldChange;
import io.millrace.gate.schema.Refusal;
import io.millrace.pipeline.record.Headers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Makes the records that leave a lane: the same partition, key, value and timestamp, with the headers of where they go. */
final class Outbound {

    /** Where a quarantined record was read: {@code topic/partition/offset}. */
    static final String ORIGIN = "millrace-origin";

    private static final int LONGEST_DETAIL = 4096;
    private static final Set<String> QUARANTINE_ONLY = Set.of(Headers.REASON, Headers.DETAIL, ORIGIN);

    private final Table table;
    private final Traces traces;
    private final String rows;
    private final String quarantine;

    Outbound(Table table, Traces traces) {
        this.table = table;
        this.traces = traces;
        this.rows = table.rows();
        this.quarantine = table.quarantine();
    }

    /** A record that passes, whether it comes from capture or from the quarantine. */
    ProducerRecord<byte[], byte[]> passing(ConsumerRecord<byte[], byte[]> record, long receivedMicros) {
        long now = Headers.nowMicros();
        var came = record.headers().toArray();
        var headers = new ArrayList<Header>(came.length + 1);
        for (var header : came) {
            if (header.key().equals(Headers.TRACEPARENT)) {
                var step = traces.step(header.value(), table.name(), receivedMicros, now);
                headers.add(step == header.value() ? header : new RecordHeader(Headers.TRACEPARENT, step));
            } else if (!header.key().equals(Headers.GATED) && !QUARANTINE_ONLY.contains(header.key())) {
                headers.add(header);
            }
        }
        headers.add(new RecordHeader(Headers.GATED, Headers.bytes(now)));
        return new ProducerRecord<>(rows, record.partition(), record.timestamp(), record.key(), record.value(), headers);
    }

    /** A record that goes to the quarantine. */
    ProducerRecord<byte[], byte[]> parked(ConsumerRecord<byte[], byte[]> record, Refusal refusal) {
        var headers = new RecordHeaders(record.headers().toArray());
        Headers.set(headers, Headers.REASON, Headers.bytes(refusal.reason()));
        Headers.set(headers, Headers.DETAIL, detail(refusal));
        Headers.set(headers, ORIGIN, Headers.bytes(record.topic() + "/" + record.partition() + "/" + record.offset()));
        return new ProducerRecord<>(quarantine, record.partition(), record.timestamp(), record.key(), record.value(), headers);
    }

    private static byte[] detail(Refusal refusal) {
        var text = new StringBuilder(refusal.detail());
        if (refusal.rule() != null) {
            text.append("; rule ").append(refusal.rule()).append(" of ").append(refusal.subject()).append(", schema ").append(refusal.schemaId());
        }
        for (FieldChange change : refusal.difference()) {
            text.append("; ").append(change.field()).append(": was ").append(change.was() == null ? "absent" : change.was()).append(", is ").append(change.is() == null ? "absent" : change.is());
        }
        var bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        return bytes.length <= LONGEST_DETAIL ? bytes : java.util.Arrays.copyOf(bytes, LONGEST_DETAIL);
    }
}
