package io.millrace.tests.bench.cost;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.tests.bench.Percentiles;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SecuredReportTest {

    @Test
    void eachSideHasTheMedianOfItsRounds() {
        var report = SecuredReport.of(new SecuredBench.Report(Instant.EPOCH, 2, 1_000, 100, 10,
                List.of(window(1, false, 1.0, 80), window(1, true, 1.5, 90), window(2, true, 2.5, 110), window(2, false, 3.0, 120), window(3, false, 2.0, 100), window(3, true, 9.0, 900)), 0));
        assertAll(
                () -> assertTrue(report.contains("| all | 2.00 | 2.50 | +25 % |"), report),
                () -> assertTrue(report.contains("| kafka | 2.00 | 2.50 | +25 % |"), report),
                () -> assertTrue(report.contains("| probe, p99 | 100 | 110 | +10 % |"), report),
                () -> assertTrue(report.contains("| 3 | secured | 1000 | 9.00 |"), report));
    }

    private static SecuredBench.Window window(int round, boolean secured, double cpu, double p99) {
        return new SecuredBench.Window(round, secured, 1_000, Map.of("kafka", cpu), Map.of("probe", new Percentiles(10, 1, 2, 3, p99, 1_000)));
    }
}
