package io.millrace.indexer.bulk;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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
            quote(document.id());
            if (document.routing() != null) {
                put(ROUTING);
                quote(document.routing());
            }
            put(VERSION);
            put(document.version());
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

    /** Most ids are plain, and one byte for each character. */
    private void quote(String text) {
        room(text.length());
        int plain = 0;
        while (plain < text.length() && isPlain(text.charAt(plain))) {
            bytes[length + plain] = (byte) text.charAt(plain);
            plain++;
        }
        if (plain == text.length()) {
            length += plain;
        } else {
            put(JsonStringEncoder.getInstance().quoteAsUTF8(text));
        }
    }

    private static boolean isPlain(char character) {
        return character >= ' ' && character < 0x7f && character != '"' && character != '\\';
    }

    /** @param number not negative */
    private void put(long number) {
        int digits = 1;
        for (long rest = number / 10; rest > 0; rest /= 10) {
            digits++;
        }
        room(digits);
        long rest = number;
        for (int at = length + digits - 1; at >= length; at--) {
            bytes[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
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

    /** At once, so that what it is written to grows once. */
    void writeTo(OutputStream out) throws IOException {
        out.write(bytes, 0, length);
    }
}
