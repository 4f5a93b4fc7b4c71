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

    private Passing() {}

    /** Whether it, or a cause of it, is one that says nothing of the log. */
    static boolean is(Throwable e) {
        return Stream.iterate(e, Objects::nonNull, Throwable::getCause).anyMatch(cause -> switch (cause) {
            case StartException _, LockLostException _, IOException _ -> true;
            case SQLException sql -> sql.getSQLState() == null || sql.getSQLState().length() < 2 || OF_SERVERS.contains(sql.getSQLState().substring(0, 2));
            default -> false;
        });
    }
}
