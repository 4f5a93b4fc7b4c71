package io.millrace.values.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonCanonTest {

    private static String canonical(String text) {
        return new String(JsonCanon.canonical(text), StandardCharsets.UTF_8);
    }

    @Test
    void membersAreSortedAndSpacesGo() {
        assertEquals("{\"a\":{\"x\":[1,2.50,-0,1e5]},\"b\":null}", canonical(" { \"b\" : null , \"a\" : { \"x\" : [ 1, 2.50 ,-0, 1e5 ] } } "));
    }

    @Test
    void namesAreSortedByCodePointNotByUtf16() {
        assertEquals("{\"\uFFFD\":1,\"\uD83D\uDE00\":2}", canonical("{\"\uD83D\uDE00\":2,\"\uFFFD\":1}"));
    }

    @Test
    void theLastOfEqualNamesStays() {
        assertEquals("{\"a\":2}", canonical("{\"a\":1,\"a\":2}"));
    }

    @Test
    void escapesThatAreNotNeededGo() {
        assertEquals("\"/é\\n\\u001f\"", canonical("\"\\/\\u00e9\\u000a\\u001f\""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[1,]", "{\"a\"}", "01", "1.", "tru", "\"a", "[1] 2", "{,}"})
    void whatIsNotJsonIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> JsonCanon.canonical(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0", "0.10", "1E5", "1e-05", "123456789012345678901234567890", "0.00000000000000000000000000001"})
    void numbersKeepTheDigitsThatTheyCameWith(String number) {
        assertEquals(number, canonical(number));
        assertEquals("[" + number + "]", canonical(" [ " + number + " ] "));
    }

    @Test
    void aNumberOfAHundredThousandDigitsIsOne() {
        var number = "7".repeat(100_000) + "." + "3".repeat(16_000);
        assertEquals(number, canonical(number));
    }

    @Test
    void nestingUpToTheLimitIsReadAndBeyondItRefused() {
        var deep = "[".repeat(1_000) + "]".repeat(1_000);
        assertEquals(deep, canonical(deep));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> canonical("[" + deep + "]")).getMessage().contains("deeper than 1000"));
        assertThrows(IllegalArgumentException.class, () -> canonical("{\"a\":".repeat(1_000_000)), "neither does it end the thread");
    }

    @Test
    void whatIsRefusedIsNotRepeated() {
        var failure = assertThrows(IllegalArgumentException.class, () -> canonical("{\"a\": hunter2}"));
        assertFalse(failure.getMessage().contains("hunter2"), failure.getMessage());
        assertTrue(failure.getMessage().contains("at character"), failure.getMessage());
    }

    /** Quadratic work would take sixteen times as long for four times as many, and hours for this many. */
    @Test
    void anObjectOfAMillionMembersInAnyOrderIsSortedInSeconds() {
        var text = new StringBuilder("{");
        for (int i = 999_999; i >= 0; i--) {
            text.append("\"m").append(i).append("\":").append(i).append(',');
        }
        text.append("\"m5\":\"last\"}");
        var json = assertTimeoutPreemptively(Duration.ofSeconds(120), () -> canonical(text.toString()));
        assertTrue(json.startsWith("{\"m0\":0,\"m1\":1,\"m10\":10,") && json.contains(",\"m5\":\"last\",") && json.endsWith(",\"m999999\":999999}"));
    }

    @Test
    void whatLiesDeepIsNotCopiedAtEachLevel() {
        int levels = 999;
        var text = "{\"b\":".repeat(levels) + "\"" + "x".repeat(4_000_000) + "\"" + ",\"a\":1}".repeat(levels);
        var json = assertTimeoutPreemptively(Duration.ofSeconds(10), () -> canonical(text));
        assertEquals(text.length(), json.length());
        assertTrue(json.startsWith("{\"a\":1,\"b\":{\"a\":1,"));
    }
}
