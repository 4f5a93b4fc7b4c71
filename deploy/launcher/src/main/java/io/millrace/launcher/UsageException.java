package io.millrace.launcher;

/** What was typed cannot be meant, whatever runs or stands anywhere. It is told with the command's usage, and ends with the exit code of a command that is not understood. */
public final class UsageException extends RuntimeException {

    public UsageException(String message) {
        super(message);
    }
}
