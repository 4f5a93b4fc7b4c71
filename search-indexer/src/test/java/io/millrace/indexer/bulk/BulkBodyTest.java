package io.millrace.indexer.bulk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class BulkBodyTest {

    private static ConsumerRecord<byte[], byte[]> record(byte[] key, long version, String value) {
        var record = new ConsumerRecord<>("documents.x", 0, 0, key, value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        record.headers().add(Headers.VERSION, Headers.bytes(version));
        return record;
    }

    private static Document document(String id, long version, String value) throws UnusableException {
        return Document.of(record(id.getBytes(StandardCharsets.UTF_8), version, value));
    }

    @Test
    void documentsAreCopiedBehindTheirActionLines() throws UnusableException, IOException {
        var body = new BulkBody(List.of(document("1", 7, "{\"n\":12345678901234567890.10}"), document("2", 8, null)));
        assertEquals("""
                {"index":{"_id":"1","version":7,"version_type":"external_gte"}}
                {"n":12345678901234567890.10}
                {"delete":{"_id":"2","version":8,"version_type":"external_gte"}}
                """, new String(body.stream().readAllBytes(), StandardCharsets.UTF_8));
    }

    @Test
    void aDeleteOfNobodysDocumentGoesToTheShardOfTheOneThatItIsAskedFor() throws UnusableException, IOException {
        assertEquals("""
                {"delete":{"_id":"millrace-nobody","routing":"a\\"1","version":0,"version_type":"external_gte"}}
                """, new String(new BulkBody(List.of(document("a\"1", 7, "{}").nobody())).stream().readAllBytes(), StandardCharsets.UTF_8));
    }

    @Test
    void anIdMayHoldAnyCharacter() throws UnusableException, IOException {
        var id = "\"\\\n\u0001\u00fc\ud83d\ude00".repeat(20);
        var body = new String(new BulkBody(List.of(document(id, 1, null))).stream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(id, new com.fasterxml.jackson.databind.ObjectMapper().readTree(body).path("delete").path("_id").asText());
    }

    @Test
    void versionsAreWrittenOut() throws UnusableException, IOException {
        for (long version : new long[] {0, 9, 10, 99, 100, 1_234_567_890_123L, Long.MAX_VALUE - 1, Long.MAX_VALUE}) {
            assertEquals("{\"delete\":{\"_id\":\"1\",\"version\":" + version + ",\"version_type\":\"external_gte\"}}\n", new String(new BulkBody(List.of(document("1", version, null))).stream().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void aBodyIsWrittenOutAsItIsRead() throws UnusableException, IOException {
        var documents = List.of(document("1", 7, "{\"a\":\"\u00fc\"}"), document("2", 8, null));
        var out = new ByteArrayOutputStream();
        var request = new BulkRequest("x", Map.of(), documents);
        assertEquals("application/x-ndjson", request.serialize(out));
        assertArrayEquals(new BulkBody(documents).stream().readAllBytes(), out.toByteArray());
        assertEquals(out.size(), request.length());
    }

    @Test
    void aTextMayHoldWhatStandsForBytesThatAreNone() throws UnusableException {
        assertEquals("a\uFFFD", document("a\uFFFD", 1, null).id());
    }

    @Test
    void aLineBreakIsFoundWhereverItStandsAndNothingElseIsTakenForOne() {
        var random = new Random(7);
        for (int length = 0; length < 40; length++) {
            var bytes = new byte[length];
            for (int round = 0; round < 200; round++) {
                for (int i = 0; i < length; i++) {
                    bytes[i] = (byte) random.nextInt(256);
                    bytes[i] = bytes[i] == '\n' || bytes[i] == '\r' ? (byte) (bytes[i] ^ 0x80) : bytes[i];
                }
                assertFalse(Document.hasLineBreak(bytes), () -> Arrays.toString(bytes));
                if (length > 0) {
                    bytes[random.nextInt(length)] = (byte) (random.nextBoolean() ? '\n' : '\r');
                    assertTrue(Document.hasLineBreak(bytes), () -> Arrays.toString(bytes));
                }
            }
        }
    }

    @Test
    void whatIsNoDocumentIsNamed() {
        assertCode("not-a-document", record("1".getBytes(StandardCharsets.UTF_8), 1, "{\"a\":\n1}"));
        assertCode("not-a-document", record("1".getBytes(StandardCharsets.UTF_8), 1, "[]"));
        assertCode("not-a-document", record("1".getBytes(StandardCharsets.UTF_8), 1, ""));
        assertCode("no-version", record("1".getBytes(StandardCharsets.UTF_8), -1, "{}"));
        assertCode("no-version", new ConsumerRecord<>("documents.x", 0, 0, new byte[] {'1'}, new byte[] {'{', '}'}));
        assertCode("no-id", record(new byte[0], 1, "{}"));
        assertCode("no-id", record(null, 1, "{}"));
        assertCode("id-too-long", record(new byte[513], 1, "{}"));
        assertCode("id-not-text", record(new byte[] {(byte) 0xff}, 1, "{}"));
    }

    private static void assertCode(String code, ConsumerRecord<byte[], byte[]> record) {
        assertEquals(code, assertThrows(UnusableException.class, () -> Document.of(record)).code());
    }
}
