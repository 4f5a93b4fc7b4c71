package io.millrace.purge.verification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PursuitTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(50);

    /** Changes of all documents so far: each reading of the rows meets another one. */
    private int changes;

    private Map<String, Content> rows(Collection<String> ids) {
        changes++;
        return contents(ids, "change " + changes);
    }

    private static Map<String, Content> contents(Collection<String> ids, String hash) {
        var contents = new HashMap<String, Content>();
        ids.forEach(id -> contents.put(id, new Content(hash, 1, "made")));
        return contents;
    }

    @Test
    void aDocumentThatIsAlwaysSomeChangesBehindItsRowsIsMet() throws Exception {
        var pursuit = new Pursuit(this::rows, (ids, _) -> contents(ids, "change " + (changes - 5)), LONG, LONG);
        assertEquals(Set.of(), pursuit.follow(List.of("a", "b")));
        assertEquals(6, changes);
    }

    @Test
    void moreDocumentsThanAreFollowedAtOnceAreAllMet() throws Exception {
        var ids = IntStream.range(0, 3 * Pursuit.AT_ONCE + 1).mapToObj(Integer::toString).toList();
        assertEquals(Set.of(), new Pursuit(this::rows, (part, _) -> contents(part, "change " + (changes - 1)), LONG, LONG).follow(ids));
    }

    @Test
    void aDocumentThatTheRowsNeverWereIsLeftThoughItMovesWithThem() throws Exception {
        var pursuit = new Pursuit(this::rows, (ids, _) -> {
            var there = contents(ids, "change " + changes);
            there.computeIfPresent("b", (_, _) -> new Content("wrong since change " + changes, 1, "made"));
            return there;
        }, SHORT, LONG);
        assertEquals(Set.of("b"), pursuit.follow(List.of("a", "b")));
        assertTrue(changes > 1);
    }

    @Test
    void aDocumentThatIsGoneIsMetWhenItsRowWasGone() throws Exception {
        var pursuit = new Pursuit(ids -> rows(ids.stream().filter(_ -> changes % 2 == 0).toList()), (ids, _) -> changes < 6 ? contents(ids, "of long ago") : Map.of(), LONG, LONG);
        assertEquals(Set.of(), pursuit.follow(List.of("a")));
        assertEquals(6, changes);
    }

    @Test
    void whatIsBeyondTheTimeForAllIsLeft() throws Exception {
        var ids = IntStream.range(0, Pursuit.AT_ONCE + 1).mapToObj(Integer::toString).toList();
        var unmet = new Pursuit(this::rows, (part, _) -> contents(part, "wrong"), LONG, SHORT).follow(ids);
        assertEquals(Set.copyOf(ids), unmet);
    }
}
