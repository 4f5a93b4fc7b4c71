package io.millrace.values.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
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
}
