package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.launcher.BenchCommand.Bench;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchCommandTest {

    @ParameterizedTest
    @EnumSource
    void servicesHaveBothCompilersExceptWhereUpIsMeasured(Bench bench) {
        assertEquals(bench != Bench.LOAD && bench != Bench.COST, bench.options().contains("-Dmillrace.short-lived=false"));
    }
}
