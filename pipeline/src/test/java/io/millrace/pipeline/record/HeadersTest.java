package io.millrace.pipeline.record;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class HeadersTest {

    @Test
    void aRowThatWasReadIsNoChangeAndHasNoAge() {
        var change = new RecordHeaders().add(Headers.COMMITTED, Headers.bytes(7L)).add(Headers.OP, Headers.bytes("u"));
        var read = new RecordHeaders().add(Headers.COMMITTED, Headers.bytes(7L)).add(Headers.OP, Headers.bytes("r"));
        assertEquals(7, Headers.changed(change, -1));
        assertEquals(-1, Headers.changed(read, -1));
        assertEquals(-1, Headers.changed(new RecordHeaders(), -1));
    }
}
