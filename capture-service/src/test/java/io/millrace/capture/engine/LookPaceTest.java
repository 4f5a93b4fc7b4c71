package io.millrace.capture.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LookPaceTest {

    @ParameterizedTest
    @CsvSource({"0, 5000", "100, 5000", "263, 5000", "264, 5016", "500, 9500", "1000, 19000", "1100, 20000", "30000, 20000"})
    void looksTakeATwentiethOfTheTimeAndAreNeverFarApart(long took, long pause) {
        assertEquals(Duration.ofMillis(pause), new LookPace(Duration.ofSeconds(5)).after(Duration.ofMillis(took)));
    }
}
