package io.millrace.gate.flow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.gate.Table;
import io.millrace.gate.schema.Refusal;
import io.millrace.pipeline.record.Headers;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Makes the records that leave a lane: the same partition, key, value and timestamp, with the headers of where they go. Serves one thread. */
final class Outbound {

    /** Where a quarantined record was read: {@code topic/partition/offset}. */
    static final String ORIGIN = "millrace-origin";

    /** The rule that was broken, where one was. */
    static final String RULE = "millrace-rule";
    /** What differs, where that is the reason: a JSON array of {@code field}, {@code was}, {@code is}. */
    static final String DIFFERENCE = "millrace-difference";

    private static final int LONGEST_DETAIL = 4096;
    /** So many records in a row share the time at which they left: they leave within a fraction of a millisecond. */
    private static final int SAME_STAMP = 64;
    private static final List<String> QUARANTINE_ONLY = List.of(Headers.REASON, Headers.DETAIL, ORIGIN, RULE, DIFFERENCE);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Table table;
    private final Traces traces;
    private final String rows;
    private final String quarantine;
    /** Many records in a row are parked for one reason: what describes it is made once. */
    private Refusal described;
    private List<Header> description;
    private long receivedMicros;
    private long nowMicros;
    private Header gated;
    private int stamped;

    Outbound(Table table, Traces traces) {
        this.table = table;
        this.traces = traces;
        this.rows = table.rows();
        this.quarantine = table.quarantine();
    }

    /** Records that are sent from here on were taken up now. */
    void begin() {
        receivedMicros = Headers.nowMicros();
        stamp(receivedMicros);
    }

    private void stamp(long micros) {
        nowMicros = micros;
        gated = new RecordHeader(Headers.GATED, Headers.bytes(micros));
        stamped = 0;
    }

    /** A record that passes, whether it comes from capture or from the quarantine. */
    ProducerRecord<byte[], byte[]> passing(ConsumerRecord<byte[], byte[]> record) {
        if (++stamped > SAME_STAMP) {
            stamp(Headers.nowMicros());
        }
        var came = record.headers().toArray();
        var go = new Header[came.length + 1];
        int count = 0;
        for (var header : came) {
            if (header.key().equals(Headers.TRACEPARENT)) {
                var step = traces.step(header.value(), table.name(), Headers.bytes(record.headers(), Headers.POSITION), receivedMicros, nowMicros);
                go[count++] = step == header.value() ? header : new RecordHeader(Headers.TRACEPARENT, step);
            } else if (!isOfTheGate(header.key())) {
                go[count++] = header;
            }
        }
        go[count++] = gated;
        return new ProducerRecord<>(rows, record.partition(), record.timestamp(), record.key(), record.value(), new RecordHeaders(count == go.length ? go : Arrays.copyOf(go, count)));
    }

    private static boolean isOfTheGate(String name) {
        return name.equals(Headers.GATED) || name.equals(Headers.LEDGER) || name.equals(Headers.REASON) || name.equals(Headers.DETAIL) || name.equals(ORIGIN) || name.equals(RULE) || name.equals(DIFFERENCE);
    }

    /** A record that goes to the quarantine. */
    ProducerRecord<byte[], byte[]> parked(ConsumerRecord<byte[], byte[]> record, Refusal refusal) {
        var headers = new RecordHeaders(record.headers());
        QUARANTINE_ONLY.forEach(headers::remove);
        if (refusal != described) {
            description = description(refusal);
            described = refusal;
        }
        description.forEach(headers::add);
        headers.add(ORIGIN, Headers.bytes(record.topic() + "/" + record.partition() + "/" + record.offset()));
        return new ProducerRecord<>(quarantine, record.partition(), record.timestamp(), record.key(), record.value(), headers);
    }

    /** The captured offset of a record of the quarantine; -1 where it does not say. */
    static long origin(ConsumerRecord<byte[], byte[]> parked) {
        var origin = Headers.text(parked.headers(), ORIGIN);
        return origin == null ? -1 : Long.parseLong(origin.substring(origin.lastIndexOf('/') + 1));
    }

    private static List<Header> description(Refusal refusal) {
        var headers = new ArrayList<Header>();
        headers.add(new RecordHeader(Headers.REASON, Headers.bytes(refusal.reason())));
        headers.add(new RecordHeader(Headers.DETAIL, detail(refusal)));
        if (refusal.rule() != null) {
            headers.add(new RecordHeader(RULE, Headers.bytes(refusal.rule())));
        }
        if (!refusal.difference().isEmpty()) {
            try {
                headers.add(new RecordHeader(DIFFERENCE, JSON.writeValueAsBytes(refusal.difference())));
            } catch (JsonProcessingException e) {
                throw new UncheckedIOException(e);
            }
        }
        return headers;
    }

    private static byte[] detail(Refusal refusal) {
        var text = refusal.detail() + (refusal.subject() == null ? "" : "; rule " + refusal.rule() + " of " + refusal.subject() + ", schema " + refusal.schemaId());
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= LONGEST_DETAIL ? bytes : Arrays.copyOf(bytes, LONGEST_DETAIL);
    }
}
