package io.millrace.tests.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class PowerLawTest {

    @Test
    void theExponentIsThatOfWhatWasMeasured() {
        for (double exponent : new double[] {0, 0.5, 1, 1.3}) {
            var law = PowerLaw.fit(DoubleStream.of(1e4, 1e5, 1e6).mapToObj(x -> new PowerLaw.Point(x, 3 * Math.pow(x, exponent))).toList());
            assertEquals(exponent, law.exponent(), 1e-9);
            assertEquals(3, law.factor(), 1e-6);
        }
    }

    @Test
    void ofOneSizeThereIsNone() {
        assertEquals(Double.NaN, PowerLaw.fit(List.of(new PowerLaw.Point(10, 10))).exponent());
        assertEquals(Double.NaN, PowerLaw.fit(List.of(new PowerLaw.Point(10, 10), new PowerLaw.Point(10, 12))).exponent());
        assertEquals(Double.NaN, PowerLaw.fit(List.of(new PowerLaw.Point(10, 10), new PowerLaw.Point(20, Double.NaN))).exponent());
    }
}
