package io.millrace.capture.resnapshot;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which transactions a snapshot of Postgres does not see. Of the 64 bits of an id the lower 32 are kept, which are those that
 * the stream has.
 *
 * @param next the first id that was not given yet
 * @param open those below that had not ended
 */
record PgSnapshot(int next, Set<Integer> open) {

    /** The one of the current transaction. */
    static PgSnapshot of(Statement statement) throws SQLException {
        try (var row = statement.executeQuery("SELECT pg_current_snapshot()::text")) {
            row.next();
            return parse(row.getString(1));
        }
    }

    /** @param text {@code xmin:xmax:xip,xip} */
    static PgSnapshot parse(String text) {
        var parts = text.split(":", 3);
        return new PgSnapshot((int) Long.parseLong(parts[1]),
                parts[2].isEmpty() ? Set.of() : Arrays.stream(parts[2].split(",")).map(id -> (int) Long.parseLong(id)).collect(Collectors.toUnmodifiableSet()));
    }

    /** Whether what a transaction did that has ended is seen. */
    boolean sees(int transaction) {
        return transaction - next < 0 && !open.contains(transaction);
    }
}
