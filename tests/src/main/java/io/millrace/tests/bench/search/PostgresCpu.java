package io.millrace.tests.bench.search;

import io.millrace.local.ManagedProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.stream.Stream;

/**
 * What PostgreSQL has used of the processor, by Linux's count; backends that have ended are in it.
 *
 * @param ticks of all its processes, in hundredths of a second
 * @param walSender of the processes that send the log to replication
 */
record PostgresCpu(long ticks, long walSender, long nanos) {

    /** @param cores that were busy on average */
    record Use(double cores, double walSender) {}

    static PostgresCpu now(ManagedProcess postgres, Connection connection) throws SQLException {
        var server = postgres.running().orElseThrow();
        long all = Stream.concat(Stream.of(server), server.descendants()).mapToLong(p -> ticks(p.pid(), 13, 14)).sum() + ticks(server.pid(), 15, 16);
        long sending = 0;
        try (var statement = connection.createStatement(); var rows = statement.executeQuery("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'")) {
            while (rows.next()) {
                sending += ticks(rows.getLong(1), 13, 14);
            }
        }
        return new PostgresCpu(all, sending, System.nanoTime());
    }

    Use since(PostgresCpu before) {
        double hundredths = (nanos - before.nanos) / 1e7;
        return new Use((ticks - before.ticks) / hundredths, (walSender - before.walSender) / hundredths);
    }

    /** Fields of /proc/PID/stat, counted from 0; nothing where the process has ended. */
    private static long ticks(long pid, int... fields) {
        try {
            var stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // The name in parentheses may have blanks.
            var values = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long sum = 0;
            for (int field : fields) {
                sum += Long.parseLong(values[field - 2]);
            }
            return sum;
        } catch (IOException e) {
            return 0;
        }
    }
}
