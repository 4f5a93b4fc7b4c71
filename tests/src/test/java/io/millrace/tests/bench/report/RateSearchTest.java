package io.millrace.tests.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateSearchTest {

    @Test
    void itDoublesUntilARateDoesNotHoldAndHalvesFromThere() {
        var found = new RateSearch(100, 6_400, 0.1, 20).<Integer, RuntimeException>run(rate -> rate, rate -> rate <= 430);
        assertEquals(List.of(100, 200, 400, 800, 600, 500, 450, 425), found.trials());
        assertEquals(425, found.highest());
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 40, 99, 100, 101, 333, 1_000, 6_399})
    void whatItFindsHeldAndIsNearTheHighestThatHolds(int limit) {
        var found = new RateSearch(100, 6_400, 0.1, 30).<Integer, RuntimeException>run(rate -> rate, rate -> rate <= limit);
        assertTrue(found.highest() <= limit && found.highest() >= Math.floor(limit / 1.1) - 1, found::toString);
    }

    @Test
    void nothingHoldsAndNothingIsFound() {
        assertEquals(0, new RateSearch(100, 6_400, 0.1, 30).<Integer, RuntimeException>run(rate -> rate, rate -> false).highest());
    }

    @Test
    void theMostThatIsTriedIsTriedOnce() {
        var found = new RateSearch(100, 300, 0.1, 30).<Integer, RuntimeException>run(rate -> rate, rate -> true);
        assertEquals(List.of(100, 200, 300), found.trials());
        assertEquals(300, found.highest());
    }

    @Test
    void noMoreIsTriedThanIsAllowed() {
        assertEquals(List.of(100, 200, 400), new RateSearch(100, 6_400, 0.1, 3).<Integer, RuntimeException>run(rate -> rate, rate -> true).trials());
    }
}
