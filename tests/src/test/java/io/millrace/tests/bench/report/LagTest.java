package io.millrace.tests.bench.report;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LagTest {

    private static final int SECONDS = 60;
    private static final int RATE = 500;

    @Test
    void whatIsWaitingGrowsOnlyWhereMoreComesThanIsTaken() {
        assertAll(
                () -> assertTrue(lag(at -> 300).isBounded(RATE, SECONDS)),
                () -> assertTrue(lag(at -> at % 10 < 5 ? 0 : 900).isBounded(RATE, SECONDS), "waves"),
                () -> assertTrue(lag(at -> 10 * at).isBounded(RATE, SECONDS), "a fiftieth of what comes is noise"),
                () -> assertFalse(lag(at -> 50 * at).isBounded(RATE, SECONDS), "a tenth of what comes stays"),
                () -> assertTrue(lag(at -> at < 20 ? 5_000 - 250 * at : 0).isBounded(RATE, SECONDS), "what a rest has left is made up for"));
    }

    @Test
    void withoutASampleItIsNotSaidThatNothingQueuesUp() {
        assertFalse(lag(at -> Double.NaN).isBounded(RATE, SECONDS));
    }

    @Test
    void aTrialSaysWhyItDoesNotCount() {
        var calm = new Lag(10, 10);
        assertAll(
                () -> assertEquals("", Sustained.refusal(RATE, SECONDS, 490, calm, calm, 0)),
                () -> assertEquals("the writer made 400 changes/s of them", Sustained.refusal(RATE, SECONDS, 400, calm, calm, 0)),
                () -> assertEquals("what waits grew from 10 to 2,000 records", Sustained.refusal(RATE, SECONDS, 490, new Lag(10, 2_000), calm, 0)),
                () -> assertTrue(Sustained.refusal(RATE, SECONDS, 490, calm, new Lag(1, 40), 0).startsWith("probes were found later and later")),
                () -> assertEquals("3 probes were not found within a minute", Sustained.refusal(RATE, SECONDS, 490, calm, calm, 3)));
    }

    private static Lag lag(DoubleUnaryOperator waiting) {
        return Lag.of(IntStream.range(0, SECONDS).mapToObj(at -> new Lag.Sample(at, waiting.applyAsDouble(at), 0)).toList(), SECONDS, Lag.Sample::records);
    }
}
