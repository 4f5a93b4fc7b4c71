package io.millrace.console.live;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.console.live.StageView.Extra;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class HistoryTest {

    private final History history = new History(100);
    private long now;

    @Test
    void whatBeganAndEndedIsMarkedOnce() {
        see("up", 0, Map.of("monitors", 0L), Map.of("monitors", ""));
        see("up", 500, Map.of("monitors", 3L), Map.of("monitors", "built"));
        see("up", 200, Map.of("monitors", 2L), Map.of("monitors", "built"));
        see("up", 0, Map.of("monitors", 0L), Map.of("monitors", "held"));
        see("up", 0, Map.of("monitors", 0L), Map.of("monitors", ""));
        assertEquals(List.of("2 Tables are read again", "2 Documents of monitors are refused", "2 Another index of monitors is built",
                "4 No table is read again any more", "4 No document of monitors stands in quarantine any more", "4 No other index of monitors is built any more", "4 Another index of monitors is held",
                "5 No other index of monitors is held any more"), marks());
    }

    @Test
    void whatIsNotToldForAWhileHasNotEndedAndNotBegunAgain() {
        see("up", 500, Map.of("monitors", 3L), Map.of("monitors", "held"));
        see("down", null, Map.of(), Map.of());
        see("up", null, Map.of(), Map.of());
        see("up", 400, Map.of("monitors", 3L), Map.of("monitors", "held"));
        assertEquals(List.of("2 Capture is down: away", "2 Indexer is down: away", "3 Capture is up again", "3 Indexer is up again"), marks());
        see("up", null, Map.of(), Map.of());
        see("up", 400, Map.of("monitors", 0L), Map.of("monitors", "held"));
        assertEquals("6 No document of monitors stands in quarantine any more", marks().getLast());
    }

    @Test
    void aStageThatIsUpForTheFirstTimeIsNotUpAgain() {
        see("waiting", 0, Map.of(), Map.of());
        see("up", 0, Map.of(), Map.of());
        see("waiting", 0, Map.of(), Map.of());
        see("up", 0, Map.of(), Map.of());
        assertEquals(List.of("2 Capture is up", "2 Indexer is up", "3 Capture is waiting: away", "3 Indexer is waiting: away", "4 Capture is up again", "4 Indexer is up again"), marks());
    }

    @Test
    void aTableOfWhichNoGateTellsForAWhileIsStillParked() {
        see(Map.of("demo.a", true, "demo.b", false));
        see(Map.of());
        see(Map.of("demo.b", false));
        see(Map.of("demo.a", true, "demo.b", false));
        assertEquals(List.of(), marks());
        see(Map.of("demo.a", false, "demo.b", true));
        see(Map.of());
        assertEquals(List.of("5 demo.a is parked no more", "5 demo.b is parked"), marks().stream().sorted().toList());
    }

    @Test
    void aTableThatIsFirstToldOfWhenItIsParkedIsMarked() {
        see(Map.of("demo.a", false));
        see(Map.of("demo.a", false, "demo.b", true));
        assertEquals(List.of("2 demo.b is parked"), marks());
    }

    private List<String> marks() {
        return history.view().marks().stream().map(mark -> mark.at() + " " + mark.text()).toList();
    }

    private void see(Map<String, Boolean> parked) {
        see("up", 0, Map.of(), Map.of(), parked);
    }

    private void see(String state, Integer read, Map<String, Long> refused, Map<String, String> beside) {
        see(state, read, refused, beside, Map.of());
    }

    private void see(String state, Integer read, Map<String, Long> refused, Map<String, String> beside, Map<String, Boolean> parked) {
        now++;
        var stages = Stream.of(Map.entry("capture", "Capture"), Map.entry("gate", "Gate"), Map.entry("join", "Denormalizer"), Map.entry("index", "Indexer"))
                .map(stage -> stage(stage.getKey(), stage.getValue(), Map.of("gate", "up", "join", "up").getOrDefault(stage.getKey(), state), read)).toList();
        history.add(new LiveView(now, stages, parked, refused, beside, Map.of(), Map.of(), List.of(), null, null, null));
    }

    private static StageView stage(String name, String label, String state, Integer read) {
        return new StageView(name, label, state, state.equals("up") ? "" : "away", "1 of 1", null, null, null, null, null, null, null, List.of(new Extra(Watch.READ_BESIDE, read == null ? null : read.doubleValue(), "")));
    }
}
