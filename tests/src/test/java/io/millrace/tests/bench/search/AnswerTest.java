package io.millrace.tests.bench.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AnswerTest {

    private static Answer.Builder answer() {
        return new Answer.Builder().total(3).row("{\"id\":1}").row("{\"id\":2}");
    }

    @Test
    void theOrderOfPartsDoesNotMatterAndThatOfRowsDoes() {
        var one = answer().count("team", "b", 1).count("team", "a", 1).count("team", "c", 5).build();
        assertEquals(one, answer().count("team", "c", 5).count("team", "a", 1).count("team", "b", 1).build());
        assertEquals(List.of(new Answer.Count("c", 5), new Answer.Count("a", 1), new Answer.Count("b", 1)), one.facets().get("team"));
        assertNotEquals(one, new Answer.Builder().total(3).row("{\"id\":2}").row("{\"id\":1}").count("team", "c", 5).count("team", "a", 1).count("team", "b", 1).build());
    }

    @Test
    void aCountOrATotalThatIsNotTheSameIsAnotherAnswer() {
        assertNotEquals(answer().count("team", "a", 1).build(), answer().count("team", "a", 2).build());
        assertNotEquals(answer().build(), answer().total(4).build());
        assertEquals(Map.of(), answer().build().facets());
    }
}
