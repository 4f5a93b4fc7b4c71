package io.millrace.tests.bench;

import io.millrace.local.Fault;
import io.millrace.local.LocalException;
import picocli.CommandLine;

/** How a bench that fails says so. */
public final class Failures {

    private Failures() {}

    /** The messages of our own exceptions are written for users; a stack trace is for a fault of ours. @return the exit code */
    public static int explain(Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
        if (failure instanceof LocalException) {
            System.err.println(failure.getMessage());
        } else {
            System.err.println(Fault.told(failure));
        }
        return CommandLine.ExitCode.SOFTWARE;
    }
}
