package io.millrace.capture.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SessionTest {

    @Test
    void aServerIsAskedForNothingThatItDoesNotKnow() {
        assertTrue(Session.options(17).contains("-c transaction_timeout=0"));
        assertFalse(Session.options(16).contains("transaction_timeout"));
        assertEquals(Session.options(16), Session.options(0), "one that has not answered yet may be old");
    }
}
