package io.millrace.tests.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Bounds;
import io.millrace.tests.bench.capture.CaptureBench;
import io.millrace.tests.bench.cost.SecuredBench;
import io.millrace.tests.bench.index.IndexBench;
import io.millrace.tests.bench.join.JoinBench;
import io.millrace.tests.bench.report.ReportBench;
import io.millrace.tests.bench.scale.ScaleBench;
import io.millrace.tests.bench.scale.UpgradeBench;
import io.millrace.tests.bench.search.SearchBench;
import io.millrace.tests.bench.verify.VerifyBench;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.OptionSpec;

class BenchLineTest {

    private static List<Object> benches() {
        return List.of(new CaptureBench(), new ColdStart(), new GateBench(), new IndexBench(), new JoinBench(), new ReportBench(), new ScaleBench(), new SearchBench(), new SecuredBench(), new UpgradeBench(), new VerifyBench());
    }

    @Test
    void everyNumberOfABenchHasBoundsAndOneOutsideOfThemIsRefusedBeforeAnythingIsMeasured() {
        for (var bench : benches()) {
            int numbers = 0;
            for (var option : BenchLine.of(bench).getCommandSpec().options()) {
                var one = option.typeInfo().isMultiValue() ? option.typeInfo().getAuxiliaryTypeInfos().getFirst() : option.typeInfo();
                if (Number.class.isAssignableFrom(one.getType()) || one.getType() == int.class || one.getType() == long.class) {
                    var said = new StringWriter();
                    var line = BenchLine.of(bench).setErr(new PrintWriter(said));
                    assertTrue(Bounds.of(option) != null, () -> bench.getClass().getSimpleName() + " takes any number for " + option.longestName());
                    var typed = new ArrayList<>(List.of(option.longestName(), "-1"));
                    line.getCommandSpec().options().stream().filter(OptionSpec::required).forEach(needed -> typed.addAll(List.of(needed.longestName(), "any")));
                    assertEquals(2, line.execute(typed.toArray(String[]::new)), option::longestName);
                    assertTrue(said.toString().contains(option.longestName() + " wants "), said::toString);
                    numbers++;
                }
            }
            assertTrue(numbers > 1, bench.getClass().getSimpleName());
        }
    }
}
