package io.millrace.pipeline.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.comparison.Differences.Difference;
import java.util.List;
import org.junit.jupiter.api.Test;

class DifferencesTest {

    private static Differences between(String index, String postgres, int most) {
        return Differences.between(index == null ? null : CanonicalJson.read(index), postgres == null ? null : CanonicalJson.read(postgres), most);
    }

    @Test
    void theSameInAnotherOrderIsNoDifference() {
        assertEquals(new Differences(0, List.of()), between("{\"a\":1,\"b\":[{\"c\":null}]}", "{\"b\": [{\"c\": null}], \"a\": 1}", 9));
    }

    @Test
    void eachPlaceIsToldWithBothSides() {
        assertEquals(new Differences(4, List.of(new Difference("$.a", "1.5", "1.50"), new Difference("$.b[0].c", "\"x\"", "null"), new Difference("$.b[1]", null, "{\"d\":true}"), new Difference("$.e", "[]", null))),
                between("{\"a\":1.5,\"b\":[{\"c\":\"x\"}],\"e\":[]}", "{\"a\":1.50,\"b\":[{\"c\":null},{\"d\":true}]}", 9));
    }

    @Test
    void allAreCountedAndTheFirstTold() {
        assertEquals(new Differences(3, List.of(new Difference("$[0]", "1", "4"))), between("[1,2,3]", "[4,5,6]", 1));
        assertEquals(new Differences(1, List.of(new Difference("$", "{}", null))), between("{}", null, 1));
    }
}
