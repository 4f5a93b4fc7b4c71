package io.millrace.purge.verification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PursuitTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final Duration TURN = Duration.ofMillis(5);
    private static final Duration LOOK = Duration.ofMillis(1);

    /** Changes of all documents so far: each reading of the rows meets another one, and takes {@link #LOOK} by the clock. */
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

    private Pursuit pursuit(Pursuit.Rows rows, Pursuit.Documents documents, Duration turn, Duration each, Duration most) {
        return new Pursuit(rows, documents, turn, each, most, () -> changes * LOOK.toNanos());
    }

    private static Pursuit.Outcome unmet(Set<String> ids) {
        return new Pursuit.Outcome(ids, Set.of());
    }

    private static List<String> ids(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }

    @Test
    void aDocumentThatIsAlwaysSomeChangesBehindItsRowsIsMet() throws Exception {
        var pursuit = pursuit(this::rows, (ids, _) -> contents(ids, "change " + (changes - 5)), LONG, LONG, LONG);
        assertEquals(unmet(Set.of()), pursuit.follow(List.of("a", "b")));
        assertEquals(6, changes);
    }

    @Test
    void whatOneTurnHasSeenCountsInTheNext() throws Exception {
        var pursuit = pursuit(this::rows, (ids, _) -> contents(ids, "change " + (changes - 5)), Duration.ofNanos(1), LONG, LONG);
        assertEquals(unmet(Set.of()), pursuit.follow(List.of("a")));
        assertEquals(6, changes);
    }

    @Test
    void moreDocumentsThanAreFollowedAtOnceAreAllMet() throws Exception {
        var pursuit = pursuit(this::rows, (part, _) -> contents(part, "change " + (changes - 1)), LONG, LONG, LONG);
        assertEquals(unmet(Set.of()), pursuit.follow(ids(3 * Pursuit.AT_ONCE + 1)));
    }

    @Test
    void aDocumentThatTheRowsNeverWereIsLeftThoughItMovesWithThem() throws Exception {
        var pursuit = pursuit(this::rows, (ids, _) -> {
            var there = contents(ids, "change " + changes);
            there.computeIfPresent("b", (_, _) -> new Content("wrong since change " + changes, 1, "made"));
            return there;
        }, TURN, SHORT, LONG);
        assertEquals(unmet(Set.of("b")), pursuit.follow(List.of("a", "b")));
        assertTrue(changes > 1);
    }

    @Test
    void aDocumentThatIsGoneIsMetWhenItsRowWasGone() throws Exception {
        var pursuit = pursuit(ids -> rows(ids.stream().filter(_ -> changes % 2 == 0).toList()), (ids, _) -> changes < 6 ? contents(ids, "of long ago") : Map.of(), LONG, LONG, LONG);
        assertEquals(unmet(Set.of()), pursuit.follow(List.of("a")));
        assertEquals(6, changes);
    }

    @Test
    void whatTheIndexHasIsReadAlsoWhereNoRowCallsForIt() throws Exception {
        var asked = new HashSet<String>();
        pursuit(_ -> rows(List.of()), (ids, sizes) -> {
            asked.addAll(sizes.keySet());
            return contents(ids, "of long ago");
        }, TURN, SHORT, LONG).follow(List.of("a"));
        assertEquals(Set.of("a"), asked);
    }

    @Test
    void fewThatAreNeverMetHoldUpNoneOfTheOthers() throws Exception {
        var ids = ids(2 * Pursuit.AT_ONCE);
        var wrong = Set.copyOf(ids.subList(0, Pursuit.AT_ONCE));
        var outcome = pursuit(this::rows, (part, _) -> contents(part, wrong.contains(part.iterator().next()) ? "wrong" : "change " + (changes - 3)), TURN, LONG, SHORT).follow(ids);
        assertEquals(wrong, outcome.unmet());
        assertEquals(Set.of(), outcome.unread());
    }

    @Test
    void whatIsBeyondTheTimeForAllIsToldApartAlsoInALaterCall() throws Exception {
        var pursuit = pursuit(this::rows, (part, _) -> contents(part, "wrong"), LONG, LONG, TURN);
        var ids = ids(Pursuit.AT_ONCE + 1);
        assertEquals(new Pursuit.Outcome(Set.copyOf(ids.subList(0, Pursuit.AT_ONCE)), Set.of("10")), pursuit.follow(ids));
        assertEquals(new Pursuit.Outcome(Set.of(), Set.of("a")), pursuit.follow(List.of("a")));
    }
}
