package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.launcher.BenchCommand.Bench;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchCommandTest {

    private static final Set<Bench> UP = EnumSet.of(Bench.LOAD, Bench.COST, Bench.SECURED);

    @ParameterizedTest
    @EnumSource
    void servicesHaveBothCompilersExceptWhereUpIsMeasured(Bench bench) {
        assertEquals(!UP.contains(bench), bench.options().contains("-Dmillrace.short-lived=false"));
    }
}
