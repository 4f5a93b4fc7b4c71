package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.launcher.BenchCommand.Bench;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchCommandTest {

    private static final Set<Bench> UP = EnumSet.of(Bench.REPORT, Bench.SECURED);

    @ParameterizedTest
    @EnumSource
    void servicesHaveBothCompilersExceptWhereUpIsMeasured(Bench bench) {
        assertEquals(!UP.contains(bench), bench.options().contains("-Dmillrace.short-lived=false"));
    }

    @Test
    void aBenchWithoutANameIsTheReportAndOptionsWithTheirValuesAreItsOwn() {
        assertRead(Bench.REPORT, List.of());
        assertRead(Bench.REPORT, List.of("--rates", "50,200", "--seconds", "5"), "--rates", "50,200", "--seconds", "5");
        assertRead(Bench.REPORT, List.of("--quick"), "report", "--quick");
        assertRead(Bench.SECURED, List.of("--rate", "10", "--rounds", "2"), "secured", "--rate", "10", "--rounds", "2");
        assertRead(Bench.REPORT, List.of("--only", "start", "--quick"), "--only", "start", "--quick");
    }

    private static void assertRead(Bench bench, List<String> arguments, String... words) {
        var line = Main.commandLine();
        var all = new ArrayList<>(List.of("bench"));
        all.addAll(List.of(words));
        line.parseArgs(all.toArray(String[]::new));
        BenchCommand command = line.getSubcommands().get("bench").getCommand();
        assertEquals(bench, command.chosen());
        assertEquals(arguments, command.arguments());
    }
}
