package io.millrace.capture.continuity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceLook;
import io.millrace.capture.source.TableForm;
import io.millrace.capture.source.TableLook;
import io.millrace.pipeline.file.TableName;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ContinuityTest {

    private static final TableName THING = new TableName("public", "thing");
    private static final Mark MARK = new Mark(new Origin(7, 5, 1, 0), new Point(1_000, 1), new Point(900, 1), 0, null);

    private static SourceLook look(long system, int timeline, long end, long confirmed, String invalidation) {
        var slot = confirmed < 0 ? null : new Slot.State(confirmed, 0, 0, -1, "reserved", invalidation, null, null);
        return new SourceLook(system, 5, timeline, new Point(end, 2), "millrace_s", slot, Map.of(), 0);
    }

    private static Break broken(SourceLook look, OptionalLong left) {
        return Continuity.of(MARK, MARK, look, left);
    }

    @Test
    void aSlotAtOrBeforeTheMarkGoesOnAndOneBeyondItWasMoved() {
        assertNull(broken(look(7, 1, 2_000, 1_000, null), OptionalLong.empty()));
        assertNull(broken(look(7, 1, 2_000, 400, null), OptionalLong.empty()));
        var moved = assertInstanceOf(Break.SlotMoved.class, broken(look(7, 1, 2_000, 1_001, null), OptionalLong.empty()));
        assertEquals(List.of(1_000L, 1_001L), List.of(moved.from().lsn(), moved.to().lsn()));
        var later = new Mark(MARK.origin(), new Point(1_001, 1), MARK.looked(), 0, null);
        assertNull(Continuity.of(MARK, later, look(7, 1, 2_000, 1_001, null), OptionalLong.empty()), "what was acknowledged while it was looked");
    }

    @Test
    void aSlotThatIsGoneOrGivenUpIsNamedWithItsReason() {
        assertInstanceOf(Break.SlotGone.class, broken(look(7, 1, 2_000, -1, null), OptionalLong.empty()));
        assertTrue(broken(look(7, 1, 2_000, 1_000, "idle_timeout"), OptionalLong.empty()).what().contains("idle_replication_slot_timeout"));
        assertTrue(broken(look(7, 1, 2_000, 1_000, "wal_removed"), OptionalLong.empty()).what().contains("max_slot_wal_keep_size"));
    }

    @Test
    void anotherServerAndALogThatEndsBeforeTheMarkAreOtherHistories() {
        assertInstanceOf(Break.OtherHistory.class, broken(look(8, 1, 2_000, 1_000, null), OptionalLong.empty()));
        assertInstanceOf(Break.OtherHistory.class, broken(look(7, 1, 999, 400, null), OptionalLong.empty()));
    }

    @Test
    void aPromotionLosesNothingOnlyBehindTheMark() {
        assertNull(broken(look(7, 2, 2_000, 1_000, null), OptionalLong.of(1_000)));
        assertInstanceOf(Break.OtherHistory.class, broken(look(7, 2, 2_000, 400, null), OptionalLong.of(999)));
        assertInstanceOf(Break.OtherHistory.class, broken(look(7, 2, 2_000, 400, null), OptionalLong.empty()));
    }

    @Test
    void aGapGoesFromTheLastGoodLookToTheLastChangeAndKeepsItsBeginning() {
        var memory = new Memory(MARK, Map.of(THING, new Known(10, "p 1", null, null, false, 0, null)));
        assertNull(gap(memory, new TableLook(10, "p 1", List.of(), List.of(), true, null, false, null, 0, null)));
        var first = gap(memory, new TableLook(10, "", List.of(new TableLook.Missing("it is out", "It is out")), List.of(), true, null, false, null, 0, null));
        assertEquals(900, first.from().lsn());
        assertEquals(2_000, first.to().lsn());
        var later = new Mark(MARK.origin(), new Point(3_000, 1), new Point(3_000, 1), 0, null);
        var second = gap(new Memory(later, Map.of(THING, new Known(10, "", null, null, false, 0, first))), new TableLook(10, "p 2", List.of(), List.of(), true, null, false, null, 0, null));
        assertEquals(900, second.from().lsn(), "what was missing is still missing");
        assertTrue(second.cause().contains("put back"), second.cause());
        assertTrue(gap(memory, new TableLook(11, "p 3", List.of(), List.of(), true, null, false, null, 0, null)).cause().contains("created anew"));
    }

    @Test
    void aTableThatLeftItsPublishedSchemaMakesAGapAndOneOfWhichThatIsNotRememberedMakesNone() {
        var seen = new TableLook(10, "p 16@734 18", List.of(), List.of(), true, null, false, null, 0, null);
        assertTrue(gap(published("p 16@733 18"), seen).cause().contains("put back"));
        assertNull(gap(published("p 16@734 18"), seen));
        assertNull(gap(published("p 16 18"), seen), "an earlier version remembered the schema's entry alone");
        assertTrue(gap(published("p 17 18"), seen).cause().contains("put back"));
    }

    private static Memory published(String published) {
        return new Memory(MARK, Map.of(THING, new Known(10, published, null, null, false, 0, null)));
    }

    @Test
    void aPartitionThatWentAndOneThatCameWithRowsMakeAGapAndOneThatCameEmptyMakesNone() {
        var memory = new Memory(MARK, Map.of(THING, new Known(10, "p 1", List.of(20L, 21L), null, false, 0, null)));
        assertNull(gap(memory, new TableLook(10, "p 1", List.of(), List.of(), true, List.of(20L, 21L, 22L), false, null, 0, null)));
        assertTrue(gap(memory, new TableLook(10, "p 1", List.of(), List.of(), true, List.of(20L, 21L, 22L), true, null, 0, null)).cause().contains("attached"));
        assertTrue(gap(memory, new TableLook(10, "p 1", List.of(), List.of(), true, List.of(20L, 22L), false, null, 0, null)).cause().contains("detached"));
        var unlooked = new Memory(MARK, Map.of(THING, new Known(10, "p 1", null, null, false, 0, null)));
        assertNull(gap(unlooked, new TableLook(10, "p 1", List.of(), List.of(), true, List.of(20L), false, null, 0, null)), "an earlier version remembered no partitions");
    }

    @Test
    void aPartitionWithAnotherLinkMakesAGapAndOneOfWhichNoLinkIsRememberedMakesNone() {
        var seen = new TableLook(10, "p 1", List.of(), List.of(), true, List.of(20L, 21L), false, linked(Map.of(20L, "700", 21L, "702 701")), 0, null);
        assertTrue(gap(linked("700", "701 699"), seen).cause().contains("detached and attached again"));
        assertNull(gap(linked("700", "702 701"), seen));
        assertNull(gap(new Memory(MARK, Map.of(THING, new Known(10, "p 1", List.of(20L, 21L), linked(Map.of()), false, 0, null))), seen), "an earlier version remembered no links");
    }

    private static Memory linked(String first, String second) {
        return new Memory(MARK, Map.of(THING, new Known(10, "p 1", List.of(20L, 21L), linked(Map.of(20L, first, 21L, second)), false, 0, null)));
    }

    private static TableForm linked(Map<Long, String> links) {
        return new TableForm(Map.of(), List.of(), Map.of(), Map.of(), "1", Set.of(), null, links, null);
    }

    @Test
    void howManyRowsThereWereIsWhatWasSeenBeforeAPartitionWent() {
        var before = new Known(10, "p 1", List.of(20L, 21L), null, false, 1_000, null);
        assertEquals(1_000, rows(before, 1_090, List.of(20L, 21L)), "a tenth is not worth remembering");
        assertEquals(1_200, rows(before, 1_200, List.of(20L, 21L)));
        assertEquals(1_000, rows(before, 400, List.of(20L)), "what went with a partition is counted against what was there");
        var gap = before.missing("it lost a partition", new Point(1, 1), new Point(2, 2));
        assertEquals(1_000, rows(gap, 400, List.of(20L, 21L)), "as long as nobody has read it again");
        assertEquals(400, rows(gap.read(), 400, List.of(20L, 21L)));
    }

    @Test
    void theRowsOfASmallTableAreCountedLikeThoseOfALargeOne() {
        var small = Known.whole(new TableLook(10, "p 1", List.of(), List.of(), true, null, false, null, 40, null));
        assertEquals(40, small.rows());
        assertEquals(40, rows(small, 44, null), "a tenth is not worth remembering");
        assertEquals(45, rows(small, 45, null));
        assertEquals(3, rows(Known.whole(new TableLook(10, "p 1", List.of(), List.of(), true, null, false, null, 0, null)), 3, null));
    }

    private static long rows(Known before, long now, List<Long> partitions) {
        var seen = new TableLook(10, "p 1", List.of(), List.of(), true, partitions, false, null, now, null);
        var look = new SourceLook(7, 5, 1, new Point(2_000, 2), "millrace_s", null, Map.of(THING, seen), 0);
        return Continuity.tables(new Memory(MARK, Map.of(THING, before)), look, Set.of(THING)).get(THING).rows();
    }

    @Test
    void aTableWhoseRowsWentAsEventsIsReadWhenTheyAreRowsOfDocuments() {
        var events = Known.seen(new TableLook(10, "p 1", List.of(), List.of(), true, null, false, null, 0, null));
        assertTrue(events.events());
        var form = new TableForm(Map.of(10L, 1L), List.of(), Map.of(), Map.of(), "1", Set.of(), null, Map.of(), null);
        var gap = gap(new Memory(MARK, Map.of(THING, events)), new TableLook(10, "p 1", List.of(), List.of(), true, null, false, form, 0, null));
        assertTrue(gap.asked() && gap.unread(), gap.toString());
        assertNull(gap(new Memory(MARK, Map.of(THING, new Known(10, "p 1", null, null, false, 0, null))), new TableLook(10, "p 1", List.of(), List.of(), true, null, false, form, 0, null)));
    }

    private static Gap gap(Memory memory, TableLook seen) {
        var look = new SourceLook(7, 5, 1, new Point(2_000, 2), "millrace_s", null, Map.of(THING, seen), 0);
        return Continuity.tables(memory, look, Set.of(THING)).get(THING).gap();
    }

    @Test
    void aTableThatLeavesThePipelinesIsReadAgainWhenItComesBack() {
        var look = new SourceLook(7, 5, 1, new Point(2_000, 2), "millrace_s", null, Map.of(), 0);
        var known = Continuity.tables(new Memory(MARK, Map.of(THING, new Known(10, "p 1", null, null, false, 0, null))), look, Set.of()).get(THING);
        assertTrue(known.gap().asked(), "that is the pipelines' own decision");
    }
}
