package io.millrace.indexer.mark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.indexer.generation.Generation;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StandingTest {

    private static final Duration KEPT = Duration.ofSeconds(100);
    private static final Generation INDEX = new Generation("monitors-000001", "u1", "h1", false, false, "");
    private static final Generation EMPTY = new Generation("monitors-000001", "u1", "h1", true, false, "");

    private static Mark mark(long offset, long wholeAt) {
        return new Mark("u1", "h1", "t1", offset, wholeAt, 0, 0);
    }

    private static Standing standing(Mark found, long now) {
        return new Standing(INDEX, "t1", Life.FIRST, found, KEPT, now);
    }

    @Test
    void readingBeginsAtTheMarkOrAtTheCommittedOffsetWhicheverIsLower() {
        assertEquals(70, standing(mark(70, 0), 0).from(90));
        assertEquals(90, standing(mark(120, 0), 0).from(90));
        assertEquals(70, standing(mark(70, 0), 0).from(-1), "the group has lost its offsets");
        assertEquals(90, standing(null, 0).from(90));
        assertEquals(-1, standing(null, 0).from(-1));
    }

    @Test
    void anIndexMayHaveBeenWrittenUnlessItIsEmptyAndNeitherMarkNorGroupKnowsOfIt() {
        assertTrue(new Standing(EMPTY, "t1", Life.FIRST, null, KEPT, 0).isUnwritten(-1));
        assertFalse(new Standing(EMPTY, "t1", Life.FIRST, null, KEPT, 0).isUnwritten(3), "deletes may be all that it has");
        assertFalse(new Standing(EMPTY, "t1", Life.FIRST, mark(70, 0), KEPT, 0).isUnwritten(-1));
        assertFalse(standing(null, 0).isUnwritten(-1), "who wrote it came to no mark");
    }

    @Test
    void aTableWithoutAMarkIsReadFromTheFirstRecordForItsServerMayHaveLostWhatWasCommitted() {
        var table = new Generation("monitors-000001", "u1", "", false, false, "1/2026/5");
        assertEquals(-1, new Standing(table, "t1", Life.FIRST, null, KEPT, 0).from(90));
    }

    @Test
    void whatIsOfAnotherIndexTopicOrHistoryDoesNotCount() {
        assertEquals(90, standing(new Mark("u0", "h1", "t1", 70, 0, 0, 0), 0).from(90));
        assertEquals(-1, standing(new Mark("u1", "h1", "t0", 70, 0, 0, 0), 0).from(90));
        assertTrue(standing(new Mark("u1", "h1", "t0", 70, 0, 0, 0), 0).isOfOtherTopic());
        var restored = standing(new Mark("u1", "h0", "t1", 70, 0, 0, 0), 0);
        assertEquals(-1, restored.from(90));
        assertTrue(restored.owes());
    }

    @Test
    void anIndexWithoutAMarkOwesTheLookThatOneWithoutDocumentsDoesNot() {
        assertTrue(standing(null, 0).owes());
        assertFalse(new Standing(EMPTY, "t1", Life.FIRST, null, KEPT, 0).owes());
    }

    @Test
    void whoWasBehindForLongerThanDeletesAreKeptOwesALookThatNoProgressForgets() {
        var late = standing(mark(70, 1_000), 101_001);
        late.look(70, 80, 101_001);
        assertFalse(late.owes(), "nothing was read yet, so nothing may have been missed");
        late.look(80, 80, 101_002);
        assertTrue(late.owes());
        assertNull(late.due(80, Duration.ZERO), "a mark would say that nothing is missing");
        late.reconciled(101_000);
        assertFalse(late.owes());
        late.look(80, 80, 101_003);
        assertEquals(mark(80, 101_003), late.due(80, Duration.ZERO));
    }

    @Test
    void whoWasBehindForAShorterTimeOwesNothing() {
        var soon = standing(mark(70, 1_000), 90_000);
        soon.look(70, 80, 90_000);
        soon.look(75, 85, 95_000);
        soon.look(80, 90, 100_000);
        assertFalse(soon.owes());
        soon.look(85, 95, 180_000);
        assertFalse(soon.owes(), "up to 80 was all that there was at 90,000");
    }

    @Test
    void anotherMarkThanWasLeftShowsThatTheIndexWasReplaced() {
        var standing = standing(mark(70, 0), 10);
        assertFalse(standing.isReplaced(mark(70, 0)));
        standing.look(80, 80, 20);
        var due = standing.due(80, Duration.ZERO);
        assertFalse(standing.isReplaced(due), "it was sent, and its answer lost");
        assertFalse(standing.isReplaced(mark(70, 0)), "it was sent, and did not arrive");
        standing.written(due);
        assertTrue(standing.isReplaced(mark(70, 0)));
        assertTrue(standing.isReplaced(null));
    }

    @Test
    void aMarkThatKnowsOfMoreThanWasLeftIsNoSignOfACopy() {
        var standing = standing(mark(70, 0), 10);
        assertFalse(standing.isOlder(mark(80, 20)), "whoever wrote the index until now left it");
        assertTrue(standing.isReplaced(mark(80, 20)), "yet it is not ours");
        assertTrue(standing.isOlder(mark(60, 0)));
        assertTrue(standing.isOlder(null));
        assertTrue(standing.isOlder(new Mark("u1", "h0", "t1", 80, 20, 0, 0)), "of another history");
        assertFalse(standing(null, 10).isOlder(mark(80, 20)));
        assertFalse(standing(null, 10).isOlder(null));
    }

    @Test
    void aTopicThatEndsBeforeWhatTheIndexHasIsRememberedAlsoWhenItHasGrownAgain() {
        var standing = standing(mark(70, 0), 10);
        standing.seen(standing.highest(), 0, 40);
        assertNull(standing.gone(), "one look alone may have asked a broker that had just started");
        standing.seen(standing.highest(), 0, 40);
        assertTrue(standing.gone().contains("all up to offset 70, and the topic ended at 40"), standing.gone());
        standing.look(90, 90, 20);
        var kept = standing.due(90, Duration.ZERO);
        assertEquals(new Mark("u1", "h1", "t1", 70, 20, 30, 0), kept);
        assertTrue(standing(kept, 30).gone().contains("all up to offset 70, and the topic ended at 40"));
        assertNull(new Standing(EMPTY, "t1", Life.FIRST, null, KEPT, 0).gone(), "an index that is filled from it agrees with it");
    }

    @Test
    void aTopicThatEndedShortOfTheMarkIsReadAgainFromThere() {
        assertEquals(40, standing(new Mark("u1", "h1", "t1", 70, 0, 30, 0), 0).from(70));
        var standing = standing(mark(70, 0), 0);
        for (int looks = 0; looks < 2; looks++) {
            standing.seen(standing.highest(), 0, 40);
        }
        assertFalse(standing.isToBeReadAgain(), "the mark does not say so yet");
        var kept = standing.due(70, Duration.ZERO);
        standing.written(kept);
        assertTrue(standing.isToBeReadAgain());
        var again = standing(kept, 0);
        assertEquals(40, again.from(70));
        assertFalse(again.isToBeReadAgain(), "once is enough");
    }

    @Test
    void whatWasReadWhileKafkaWasAskedIsNoSignOfALostRecord() {
        var standing = standing(mark(70, 0), 10);
        for (int end = 71; end < 80; end++) {
            var before = standing.highest();
            standing.look(end, end, 20);
            standing.seen(before, 0, end - 1);
        }
        assertNull(standing.gone());
    }

    @Test
    void aTopicThatLacksItsBeginIsNoneFromWhichAnIndexCanBeMade() {
        var standing = standing(mark(70, 0), 10);
        standing.seen(70, 5, 90);
        assertTrue(standing.gone().contains("before offset 5 were deleted"), standing.gone());
    }

    @Test
    void aJoinThatWasBuiltAnewHasItsDocumentsWrittenAgainAndTheIndexReconciled() {
        var second = new Life(2, 60);
        assertTrue(standing(mark(70, 0), 0).isOutlivedBy(second));
        var anew = new Standing(INDEX, "t1", second, mark(70, 0), KEPT, 0);
        assertEquals(60, anew.from(90), "from where all came out once more");
        assertTrue(anew.owes());
        anew.reconciled(10);
        var kept = anew.due(90, Duration.ZERO);
        assertEquals(new Mark("u1", "h1", "t1", 90, 10, 0, 2), kept);
        var later = new Standing(INDEX, "t1", Life.FIRST, kept, KEPT, 20);
        assertFalse(later.isOutlivedBy(second), "it has that already");
        assertEquals(90, later.from(95));
        assertEquals(2, later.due(95, Duration.ZERO).life());
        assertEquals(50, new Standing(INDEX, "t1", second, mark(50, 0), KEPT, 0).from(90), "what was not read yet is read");
    }

    @Test
    void aTopicThatWasShorterOrAnotherOneIsGoodAgainOnceAllCameOutAnew() {
        var shorter = new Standing(INDEX, "t1", new Life(1, 60), new Mark("u1", "h1", "t1", 100, 0, 70, 0), KEPT, 0);
        assertEquals(30, shorter.from(100), "from where it had ended");
        shorter.seen(shorter.highest(), 0, 80);
        shorter.seen(shorter.highest(), 0, 80);
        assertNull(shorter.gone());
        var other = new Standing(INDEX, "t1", new Life(1, 5), new Mark("u1", "h1", "t0", 70, 0, 0, 0), KEPT, 0);
        assertEquals(-1, other.from(90));
        assertFalse(other.isOfOtherTopic());
        assertTrue(other.owes());
    }

    @Test
    void theShareOfTheTimeForWhichDeletesAreKeptGrowsWhileOneMayStandUnread() {
        var standing = standing(mark(70, 0), 10);
        standing.look(70, 70, 1_000);
        assertEquals(0, standing.used(90_000), "all is read");
        standing.look(70, 80, 2_000);
        assertEquals(0.8, standing.used(81_000), 0.001);
        standing.look(80, 80, 82_000);
        assertEquals(0, standing.used(83_000));
    }
}
