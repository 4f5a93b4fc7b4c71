package io.millrace.indexer.bulk;

import io.millrace.pipeline.record.Headers;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record of {@code documents.*} that can be written.
 *
 * @param record where it came from, null where it is nobody's
 * @param id the document's id
 * @param version the document's version, not negative
 * @param json the document, null for a delete
 * @param routing what the search engine chooses the shard by; null for the id
 */
public record Document(ConsumerRecord<byte[], byte[]> record, String id, long version, byte[] json, String routing) {

    /** Of a document that no pipeline makes. */
    private static final String NOBODY = "millrace-nobody";

    /** What a request has around an id and a document. */
    static final int AROUND = 96;
    private static final int LONGEST_ID = 512;
    /** What stands for bytes that are no UTF-8; a text may have it of its own. */
    private static final char REPLACED = '\uFFFD';
    private static final VarHandle EIGHT_BYTES = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGHEST_BITS = 0x8080_8080_8080_8080L;
    private static final long LINE_FEEDS = ONES * '\n';
    private static final long RETURNS = ONES * '\r';

    /**
     * Reads a record.
     *
     * @throws UnusableException when it is none that the denormalizer writes
     */
    static Document of(ConsumerRecord<byte[], byte[]> record) throws UnusableException {
        if (record.key() == null || record.key().length == 0) {
            throw new UnusableException("no-id", "The record has no key; a document's key is its id");
        }
        if (record.key().length > LONGEST_ID) {
            throw new UnusableException("id-too-long", "The id has " + record.key().length + " bytes; the search engine takes " + LONGEST_ID);
        }
        var version = Headers.number(record.headers(), Headers.VERSION, -1);
        if (version < 0) {
            throw new UnusableException("no-version", "The record has no header " + Headers.VERSION + " with a positive number of eight bytes, so it cannot be ordered");
        }
        var json = record.value();
        if (json != null) {
            refuseOther(json);
        }
        return new Document(record, id(record.key()), version, json, null);
    }

    /** A delete of a document that no pipeline makes, which goes to the same shard as this one. */
    public Document nobody() {
        return new Document(null, NOBODY, 0, null, id);
    }

    private static String id(byte[] key) throws UnusableException {
        var text = new String(key, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACED) < 0) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(key)).toString();
        } catch (CharacterCodingException e) {
            throw new UnusableException("id-not-text", "The id is no UTF-8 text (" + e + ")");
        }
    }

    /** A line break would end the document within the request and take its neighbours along. */
    private static void refuseOther(byte[] json) throws UnusableException {
        if (json.length < 2 || json[0] != '{' || json[json.length - 1] != '}') {
            throw new UnusableException("not-a-document", "The value is no JSON object");
        }
        if (hasLineBreak(json)) {
            throw new UnusableException("not-a-document", "The value has a line break; canonical JSON has none");
        }
    }

    /** Looks at eight bytes at once: every byte of every document is looked at. */
    static boolean hasLineBreak(byte[] json) {
        int at = 0;
        for (; at <= json.length - Long.BYTES; at += Long.BYTES) {
            long eight = (long) EIGHT_BYTES.get(json, at);
            if ((zeros(eight ^ LINE_FEEDS) | zeros(eight ^ RETURNS)) != 0) {
                return true;
            }
        }
        for (; at < json.length; at++) {
            if (json[at] == '\n' || json[at] == '\r') {
                return true;
            }
        }
        return false;
    }

    /** Not 0 where one of the eight bytes is 0. */
    private static long zeros(long eight) {
        return (eight - ONES) & ~eight & HIGHEST_BITS;
    }

    public boolean isDelete() {
        return json == null;
    }

    public int size() {
        return json == null ? 0 : json.length;
    }

    /** Its bytes in a request, about. */
    int weight() {
        return AROUND + id.length() + size();
    }

    /** The bytes that a record will have in a request, about. */
    public static int weight(ConsumerRecord<byte[], byte[]> record) {
        return AROUND + Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }

    /** Their bytes in a request, about. */
    public static long weight(List<Document> documents) {
        return documents.stream().mapToLong(Document::weight).sum();
    }
}
