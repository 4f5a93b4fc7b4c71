package io.millrace.tests.bench.cost;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.cost.SecuredBench.Kind;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SecuredReportTest {

    @Test
    void eachStackHasTheMedianOfItsRoundsAndWhatThePlainOnesDifferByStandsBesideWhatSecurityCosts() {
        var report = SecuredReport.of(new SecuredBench.Report(Instant.EPOCH, 2, 1_000, 100, 10, List.of(
                window(1, Kind.PLAIN, 1.0, 80), window(1, Kind.PLAIN_AGAIN, 1.9, 90), window(1, Kind.SECURED, 2.0, 100),
                window(2, Kind.SECURED, 2.5, 150), window(2, Kind.PLAIN, 3.0, 120), window(2, Kind.PLAIN_AGAIN, 2.1, 110),
                window(3, Kind.PLAIN_AGAIN, 2.0, 100), window(3, Kind.SECURED, 9.0, 900), window(3, Kind.PLAIN, 1.6, 100)), 0));
        assertAll(
                () -> assertTrue(report.contains("| all | 1.60 | 2.00 | 22 % | 2.50 | +39 % |"), report),
                () -> assertTrue(report.contains("| kafka | 1.60 | 2.00 | 22 % | 2.50 | +39 % |"), report),
                () -> assertTrue(report.contains("| probe, p99 | 100 | 100 | 0 % | 150 | +50 % |"), report),
                () -> assertTrue(report.contains("| 3 | plain again | 1,000 | 0 | 2.00 |"), report));
    }

    private static SecuredBench.Window window(int round, Kind kind, double cpu, double p99) {
        return new SecuredBench.Window(round, kind, 1_000, Map.of("kafka", cpu), Map.of("probe", new Percentiles(10, 1, 2, 3, p99, 1_000)), 0);
    }
}
