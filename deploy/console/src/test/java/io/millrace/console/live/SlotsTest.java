package io.millrace.console.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.millrace.console.live.LiveView.Wal;
import io.millrace.console.live.Watch.Answer;
import io.millrace.console.live.Watch.Seen;
import io.millrace.pipeline.metrics.Samples;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SlotsTest {

    private static final Samples NOBODY = Samples.parse("");
    private static final String ORDERS = capture("millrace_orders", "millrace_tables_incomplete{why=\"missing\"} 1.0\n" + wal("millrace_orders", 6e6, 50e9));
    private static final String STOCK = capture("millrace_stock", "millrace_tables_incomplete{why=\"missing\"} 0.0\n" + wal("millrace_stock", 40e6, 10e6));

    @Test
    void whatOneCaptureHasIsNoWordAboutAnotherSource() {
        var slots = slots(NOBODY, ORDERS, STOCK);
        assertEquals(1, missing(slots, "millrace_orders"));
        assertEquals(0, missing(slots, "millrace_stock"));
        assertEquals(List.of(), slots.seen("millrace_people").answers(), "each capture has another one");
    }

    @Test
    void aCaptureThatIsAwayIsThatOfTheSlotOfWhichNobodyTells() {
        var slots = slots(NOBODY, ORDERS, "");
        assertEquals(List.of("up"), states(slots, "millrace_orders"));
        assertEquals(List.of("down"), states(slots, "millrace_stock"));
    }

    @Test
    void aSecondCaptureThatStandsByIsOfTheSameSource() {
        assertEquals(List.of("up", "up"), states(slots(NOBODY, ORDERS, capture("millrace_orders", "")), "millrace_orders"));
    }

    @Test
    void ofSeveralSlotsTheOneWithTheLeastRoomIsShown() {
        assertEquals(new Wal("millrace_stock", 40e6, 10e6), slots(NOBODY, ORDERS, STOCK).least(null));
        assertEquals(new Wal("millrace_orders", 6e6, 50e9), slots(NOBODY, ORDERS, STOCK).least("millrace_orders"));
        assertEquals(new Wal("millrace_orders", 6e6, 50e9), slots(NOBODY, ORDERS, capture("millrace_log", "millrace_slot_retained_bytes{slot=\"millrace_log\"} 9e9\n")).least(null), "one without a limit has room");
    }

    @Test
    void whileCaptureIsAwayThePurgeServiceTellsOfTheSlot() {
        var purge = Samples.parse(wal("millrace_orders", 7e6, 49e9));
        assertEquals(new Wal("millrace_orders", 7e6, 49e9), slots(purge, "").least("millrace_orders"));
        assertEquals(new Wal("millrace_orders", 6e6, 50e9), slots(purge, ORDERS).least("millrace_orders"), "capture knows it better");
        assertNull(slots(NOBODY, "").least(null));
    }

    private static Slots slots(Samples purge, String... captures) {
        return new Slots(Seen.of(Stream.of(captures).map(said -> new Answer(said.isEmpty() ? "down" : "up", "", said)).toList()), purge);
    }

    private static List<String> states(Slots slots, String slot) {
        return slots.seen(slot).answers().stream().map(Answer::state).toList();
    }

    private static Double missing(Slots slots, String slot) {
        return slots.seen(slot).samples().max("millrace_tables_incomplete", Map.of("why", "missing"));
    }

    private static String capture(String slot, String more) {
        return "millrace_standby{slot=\"" + slot + "\",stage=\"capture\"} 0.0\n" + more;
    }

    private static String wal(String slot, double kept, double safe) {
        return "millrace_slot_retained_bytes{slot=\"%1$s\"} %2$s\nmillrace_slot_safe_bytes{slot=\"%1$s\"} %3$s\n".formatted(slot, kept, safe);
    }
}
