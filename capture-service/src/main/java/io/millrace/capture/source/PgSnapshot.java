package io.millrace.capture.source;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which transactions a snapshot of Postgres does not see. The stream has the lower 32 of the 64 bits of an id, so transactions are
 * asked about by these.
 *
 * @param next the id behind the last that had ended, in 64 bits
 * @param open those below that had not ended, in 32 bits
 */
public record PgSnapshot(long next, Set<Integer> open) {

    /** The one of the current transaction, or of the statement where there is none. */
    public static PgSnapshot of(Statement statement) throws SQLException {
        try (var row = statement.executeQuery("SELECT pg_current_snapshot()::text")) {
            row.next();
            return parse(row.getString(1));
        }
    }

    /** @param text {@code xmin:xmax:xip,xip} */
    public static PgSnapshot parse(String text) {
        var parts = text.split(":", 3);
        return new PgSnapshot(Long.parseLong(parts[1]),
                parts[2].isEmpty() ? Set.of() : Arrays.stream(parts[2].split(",")).map(id -> (int) Long.parseLong(id)).collect(Collectors.toUnmodifiableSet()));
    }

    /** Whether what a transaction did that has ended is seen. */
    public boolean sees(int transaction) {
        return transaction - (int) next < 0 && !open.contains(transaction);
    }

    /** The 64 bits of the id, of which no two that are in use together are further apart than 31 bits tell. */
    long whole(int transaction) {
        return next + (transaction - (int) next);
    }
}
