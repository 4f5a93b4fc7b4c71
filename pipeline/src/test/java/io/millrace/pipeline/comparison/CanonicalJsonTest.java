package io.millrace.pipeline.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {

    @Test
    void membersAreOrderedByCodePointAndSpaceGoes() {
        // U+1F680 is greater than U+FF01, though its first UTF-16 unit is smaller.
        assertEquals("{\"Z\":1,\"a\":{\"b\":null,\"c\":[]},\"\uFF01\":2,\"\uD83D\uDE80\":3}",
                CanonicalJson.of(" {\"\uD83D\uDE80\" : 3, \"\\uff01\":2,\n\"a\":{\"c\":[ ],\"b\":null},\"Z\":1}\t"));
    }

    @Test
    void aNumberKeepsItsText() {
        assertEquals("[1.50,1.5,1e+21,-0.000001,12345678901234567890.5,-0]", CanonicalJson.of("[1.50, 1.5, 1e+21, -0.000001, 12345678901234567890.5, -0]"));
    }

    @Test
    void textsWithTheSameCharactersAreTheSameHoweverTheyAreEscaped() {
        assertEquals(CanonicalJson.of("\"é/\uD83D\uDE80\u2028\u007f\""), CanonicalJson.of("\"\\u00E9\\/\\ud83d\\ude80\\u2028\\u007f\""));
        assertEquals("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"", CanonicalJson.of("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001F\""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[1,]", "{\"a\" 1}", "nul", "01", "1.", "+1", "\"a", "\"\\x\"", "\"\\u12\"", "{\"a\":1,\"a\":1}", "[] []", "\"a\nb\"", "{,}", "NaN"})
    void whatIsNotJsonIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> CanonicalJson.of(text));
    }

    @Test
    void ofEqualNamesTheLastCountsWhereThatIsAskedFor() {
        assertEquals("{\"a\":2}", CanonicalJson.write(CanonicalJson.readLast("{\"a\":1,\"a\":2}")));
    }

    @Test
    void aRefusalSaysWhere() {
        var failure = assertThrows(IllegalArgumentException.class, () -> CanonicalJson.of("{\"name\": tru}"));
        assertTrue(failure.getMessage().contains("character 9"), failure.getMessage());
    }
}
