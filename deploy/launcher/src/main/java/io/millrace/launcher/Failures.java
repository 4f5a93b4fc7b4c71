package io.millrace.launcher;

import io.millrace.local.Fault;
import io.millrace.local.FullDisk;
import io.millrace.local.LocalException;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** What a command that failed says of it. */
final class Failures {

    private static final Pattern NAMES = Pattern.compile("expected one of \\[([^]]*)] \\(case-insensitive\\)");

    private Failures() {}

    /** @return the exit code: 2 where what was typed cannot be meant, with the usage, and 1 where it could not be done */
    static int handle(Exception failure, CommandLine command, CommandLine.ParseResult arguments) throws Exception {
        return failure instanceof UsageException ? command.getParameterExceptionHandler().handleParseException(new ParameterException(command, failure.getMessage()), new String[0]) : explain(failure, command);
    }

    /** A refused word with those that are taken, as they are typed: picocli tells the names that the program has for them. */
    static ParameterException inWords(ParameterException refused) {
        var told = NAMES.matcher(refused.getMessage()).replaceAll(found -> "expected one of [" + Stream.of(found.group(1).split(", ")).map(name -> name.toLowerCase(Locale.ROOT).replace('_', '-')).distinct().collect(Collectors.joining(", ")) + "]");
        return told.equals(refused.getMessage()) ? refused : new ParameterException(refused.getCommandLine(), told, refused, refused.getArgSpec(), refused.getValue());
    }

    /** The messages of our own exceptions are written for users; a stack trace is for a fault of ours. */
    static int explain(Exception failure, CommandLine command) {
        var err = command.getErr();
        err.println((told(failure) + "\n" + FullDisk.behind(failure, command.getCommandSpec().findOption("--data") != null)).stripTrailing());
        err.flush();
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static String told(Exception failure) {
        return switch (failure) {
            case LocalException ours -> ours.getMessage();
            case InvalidPipelineException file -> file.getMessage();
            case ProvisioningException place -> place.getMessage();
            case SQLException database -> "The database says: " + database.getMessage();
            case UncheckedIOException unchecked -> ofFiles(unchecked.getCause());
            case IOException file -> ofFiles(file);
            default -> Fault.told(failure);
        };
    }

    private static String ofFiles(IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing -> "There is no file " + missing.getFile();
            case AccessDeniedException denied -> denied.getFile() + " may not be read or written by who runs this";
            case NotDirectoryException file -> file.getFile() + " is no folder";
            case FileSystemException file -> file.getFile() + ": " + (file.getReason() == null ? file.getClass().getSimpleName() : file.getReason());
            default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
        };
    }
}
