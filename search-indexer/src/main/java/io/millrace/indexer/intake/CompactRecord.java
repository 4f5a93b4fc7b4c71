package io.millrace.indexer.intake;

import io.millrace.pipeline.record.Headers;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * A record as it waits for its request. As Kafka's client makes it, each of its headers keeps the bytes of the whole record as they came, its value among them, and once it is asked for a name of its own: more than the document.
 */
final class CompactRecord {

    /** One text for each name that the join writes. */
    private static final Map<String, String> NAMES = Stream.of(Headers.VERSION, Headers.OP, Headers.COMMITTED, Headers.CAPTURED, Headers.GATED, Headers.JOINED, Headers.POSITION, Headers.LEDGER, Headers.TRACEPARENT, Headers.ABSENT)
            .collect(Collectors.toUnmodifiableMap(Function.identity(), Function.identity()));

    private CompactRecord() {}

    /** The same record, with headers of the same names and values. */
    static ConsumerRecord<byte[], byte[]> of(ConsumerRecord<byte[], byte[]> record) {
        var headers = record.headers().toArray();
        for (int i = 0; i < headers.length; i++) {
            headers[i] = compact(headers[i]);
        }
        return new ConsumerRecord<>(record.topic(), record.partition(), record.offset(), record.timestamp(), record.timestampType(), record.serializedKeySize(), record.serializedValueSize(), record.key(), record.value(), new RecordHeaders(headers), record.leaderEpoch());
    }

    private static Header compact(Header header) {
        return new RecordHeader(NAMES.getOrDefault(header.key(), header.key()), header.value());
    }
}
