package io.millrace.tests.bench;

import io.millrace.launcher.UsageException;
import io.millrace.local.Fault;
import io.millrace.local.LocalException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** How a bench that fails says so. */
public final class Failures {

    private Failures() {}

    /** The messages of our own exceptions are written for users; a stack trace is for a fault of ours. @return the exit code */
    public static int explain(Exception failure, CommandLine command, CommandLine.ParseResult arguments) throws Exception {
        if (failure instanceof UsageException) {
            return command.getParameterExceptionHandler().handleParseException(new ParameterException(command, failure.getMessage()), new String[0]);
        }
        System.err.println(failure instanceof LocalException ? failure.getMessage() : Fault.told(failure));
        return CommandLine.ExitCode.SOFTWARE;
    }
}
