package io.millrace.values.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonPathTest {

    private static String at(String json, String... path) {
        var found = new JsonPath(List.of(path)).in(JsonCanon.canonical(json));
        return found == null ? null : new String(found, StandardCharsets.UTF_8);
    }

    @Test
    void membersAreFoundByNameWhateverStandsBeforeThem() {
        var json = "{\"a\": [{\"x\": \"]}\\\"\"}, 2], \"b\\n\": {\"c\": {}}, \"d\": 1.50, \"\": true}";
        assertEquals("1.50", at(json, "d"));
        assertEquals("{}", at(json, "b\n", "c"));
        assertEquals("true", at(json, ""));
        assertEquals("\"]}\\\"\"", at(json, "a", "0", "x"));
    }

    @Test
    void placesCountFromZeroAndFromTheEnd() {
        assertEquals("1", at("[1, [2, 3], 4]", "0"));
        assertEquals("3", at("[1, [2, 3], 4]", "1", "-1"));
        assertEquals("4", at("[1, [2, 3], 4]", "2"));
        assertNull(at("[1, 2]", "2"));
        assertNull(at("[1, 2]", "-3"));
        assertNull(at("[]", "0"));
        assertNull(at("[1]", "first"));
    }

    @Test
    void whatIsNotThereIsNothingAndNullIsNull() {
        assertNull(at("{\"a\": 1}", "b"));
        assertNull(at("{\"a\": 1}", "a", "b"));
        assertNull(at("\"text\"", "a"));
        assertEquals("null", at("{\"a\": null}", "a"));
    }
}
