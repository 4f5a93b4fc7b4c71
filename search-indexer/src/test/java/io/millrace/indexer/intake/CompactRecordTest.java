package io.millrace.indexer.intake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.millrace.pipeline.record.Headers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class CompactRecordTest {

    /** As Kafka's client makes it of the bytes of a record. */
    private static Header header(String name, byte[] value) {
        return new RecordHeader(ByteBuffer.wrap(name.getBytes(StandardCharsets.UTF_8)), value == null ? null : ByteBuffer.wrap(value));
    }

    @Test
    void itSaysWhatTheRecordSays() {
        var headers = new RecordHeaders(new Header[] {header(Headers.VERSION, Headers.bytes(7)), header("ce_id", Headers.bytes("x")), header(Headers.ABSENT, new byte[0]), header("none", null), header(Headers.VERSION, Headers.bytes(8))});
        var record = new ConsumerRecord<>("documents.x", 3, 42L, 1_000L, TimestampType.CREATE_TIME, 1, 2, new byte[] {'k'}, new byte[] {'{', '}'}, headers, Optional.of(5));
        var compact = CompactRecord.of(record);
        assertEquals(record.toString(), compact.toString());
        assertSame(record.key(), compact.key());
        assertSame(record.value(), compact.value());
        assertArrayEquals(record.headers().toArray(), compact.headers().toArray());
        assertEquals(8, Headers.number(compact.headers(), Headers.VERSION, -1), "the last of a name counts");
        assertSame(Headers.VERSION, compact.headers().lastHeader(Headers.VERSION).key(), "names that every record has stand once");
    }

    @Test
    void aDeleteWithoutHeadersIsOneStill() {
        var compact = CompactRecord.of(new ConsumerRecord<byte[], byte[]>("documents.x", 0, 0, new byte[] {'k'}, null));
        assertEquals(null, compact.value());
        assertEquals(0, Arrays.asList(compact.headers().toArray()).size());
    }
}
