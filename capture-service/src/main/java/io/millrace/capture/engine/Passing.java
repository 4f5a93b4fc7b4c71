package io.millrace.capture.engine;

import io.millrace.capture.source.LockLostException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** Tells failures of a run that are over when servers and connections are well again from those that lie in what the log has. */
final class Passing {

    /** Classes of errors that are the server's or the connection's, and not those of what it was asked. */
    private static final Set<String> OF_SERVERS = Set.of("08", "25", "28", "40", "53", "55", "57", "58", "XX");
    /** Those of them that a server also has with a file or a value of its own that it cannot read. */
    private static final Set<String> OF_FILES = Set.of("55", "58", "XX");
    private static final String IN_USE = "55006";

    private Passing() {}

    /** Whether it, or a cause of it, is one that says nothing of the log. */
    static boolean is(Throwable e) {
        return Stream.iterate(e, Objects::nonNull, Throwable::getCause).anyMatch(cause -> switch (cause) {
            case StartException _, LockLostException _, IOException _ -> true;
            case SQLException sql -> sql.getSQLState() == null || sql.getSQLState().length() < 2 || isOf(OF_SERVERS, sql);
            default -> false;
        });
    }

    /**
     * Whether it may lie in what the log has all the same, where it stays for minutes: Postgres cannot print a value that it has in the log, or lacks a
     * file of the log.
     */
    static boolean mayStay(Throwable e) {
        return Stream.iterate(e, Objects::nonNull, Throwable::getCause)
                .anyMatch(cause -> cause instanceof SQLException sql && sql.getSQLState() != null && sql.getSQLState().length() >= 2 && isOf(OF_FILES, sql) && !IN_USE.equals(sql.getSQLState()));
    }

    private static boolean isOf(Set<String> classes, SQLException e) {
        return classes.contains(e.getSQLState().substring(0, 2));
    }
}
