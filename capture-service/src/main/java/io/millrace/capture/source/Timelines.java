package io.millrace.capture.source;

import io.millrace.pipeline.record.Position;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.OptionalLong;

/** The timelines that a server's history went through, which it tells on a replication connection. */
public final class Timelines {

    private Timelines() {}

    /**
     * The LSN at which the history left a timeline; empty where it never was on it, or has not left it.
     *
     * @param of the timeline
     * @param now the timeline that is written
     */
    public static OptionalLong leftAt(SourceConnection source, int of, int now) throws SQLException {
        if (now <= of) {
            return OptionalLong.empty();
        }
        try (var connection = source.replication(); var statement = connection.createStatement(); var row = statement.executeQuery("TIMELINE_HISTORY " + now)) {
            if (!row.next()) {
                return OptionalLong.empty();
            }
            return leftAt(new String(row.getBytes(2), StandardCharsets.UTF_8), of);
        }
    }

    /** Each line of a history file: a timeline, the LSN at which it was left, why. */
    private static OptionalLong leftAt(String history, int of) {
        return history.lines().map(line -> line.strip().split("\\s+", 3)).filter(parts -> parts.length > 1 && parts[0].equals(Integer.toString(of)))
                .mapToLong(parts -> Position.parseLsn(parts[1])).findFirst();
    }
}
