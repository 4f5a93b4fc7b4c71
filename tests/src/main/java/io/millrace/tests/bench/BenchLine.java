package io.millrace.tests.bench;

import io.millrace.launcher.Bounds;
import picocli.CommandLine;

/** What a bench is started by, as a process of its own. */
public final class BenchLine {

    private BenchLine() {}

    /** A bench as it is typed: each number is held to its bounds before anything is measured. */
    public static CommandLine of(Object bench) {
        return new CommandLine(bench).setCaseInsensitiveEnumValuesAllowed(true).setExecutionStrategy(new Bounds()).setExecutionExceptionHandler(Failures::explain);
    }
}
