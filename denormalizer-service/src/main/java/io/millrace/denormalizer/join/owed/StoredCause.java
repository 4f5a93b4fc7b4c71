package io.millrace.denormalizer.join.owed;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** The headers of a change, as they are stored with what is owed for it. */
final class StoredCause {

    private StoredCause() {}

    static byte[] write(Headers cause) {
        var out = new ByteWriter(128);
        for (Header header : cause) {
            if (header.value() != null) {
                out.putBlock(header.key().getBytes(StandardCharsets.UTF_8)).putBlock(header.value());
            }
        }
        return out.toBytes();
    }

    static RecordHeaders read(byte[] stored) {
        var headers = new RecordHeaders();
        for (var in = new ByteReader(stored); in.hasMore();) {
            headers.add(in.getUtf8(), in.getBlock());
        }
        return headers;
    }
}
