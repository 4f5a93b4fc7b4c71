package io.millrace.indexer.bulk;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The body of a bulk request; the documents' bytes are copied into it as they are. */
final class BulkBody {

    private static final byte[] INDEX = ascii("{\"index\":{\"_id\":\"");
    private static final byte[] DELETE = ascii("{\"delete\":{\"_id\":\"");
    private static final byte[] ROUTING = ascii("\",\"routing\":\"");
    private static final byte[] VERSION = ascii("\",\"version\":");
    private static final byte[] END = ascii(",\"version_type\":\"external_gte\"}}\n");

    private byte[] bytes;
    private int length;

    BulkBody(List<Document> documents) {
        bytes = new byte[Math.toIntExact(Document.weight(documents))];
        for (var document : documents) {
            put(document.isDelete() ? DELETE : INDEX);
            put(JsonStringEncoder.getInstance().quoteAsUTF8(document.id()));
            if (document.routing() != null) {
                put(ROUTING);
                put(JsonStringEncoder.getInstance().quoteAsUTF8(document.routing()));
            }
            put(VERSION);
            put(ascii(Long.toString(document.version())));
            put(END);
            if (!document.isDelete()) {
                put(document.json());
                put((byte) '\n');
            }
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void put(byte[] part) {
        room(part.length);
        System.arraycopy(part, 0, bytes, length, part.length);
        length += part.length;
    }

    private void put(byte b) {
        room(1);
        bytes[length++] = b;
    }

    private void room(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(length + more, bytes.length + bytes.length / 2));
        }
    }

    int length() {
        return length;
    }

    InputStream stream() {
        return new ByteArrayInputStream(bytes, 0, length);
    }
}
