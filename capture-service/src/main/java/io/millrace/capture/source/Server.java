package io.millrace.capture.source;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Which database of which server a session is in.
 *
 * @param system system identifier of the cluster, which a copy of its files has too
 * @param started when the server process was started, in UTC to the microsecond; a copy was started at another moment
 * @param database the database's oid
 * @param timeline the timeline that is written
 * @param name the database's name
 * @param address where the server answers, as it sees that itself
 */
public record Server(long system, String started, long database, int timeline, String name, String address) {

    private static final String QUERY = """
            SELECT s.system_identifier, to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), d.oid::bigint, pg_walfile_name(pg_current_wal_insert_lsn()), d.datname,
                   coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'a socket of its machine')
            FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()""";

    static Server of(Connection connection) throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery(QUERY)) {
            row.next();
            return new Server(row.getLong(1), row.getString(2), row.getLong(3), Integer.parseInt(row.getString(4), 0, 8, 16), row.getString(5), row.getString(6));
        }
    }

    /** Whether it is the same database of the same running server, and no copy of it: then one session at a time has its lock. */
    public boolean isSame(Server other) {
        return system == other.system && database == other.database && started.equals(other.started);
    }

    /** For a person. */
    @Override
    public String toString() {
        return "the database " + name + " at " + address + " (system identifier " + Long.toUnsignedString(system) + ", timeline " + timeline + ", running since " + started.replaceFirst("\\..*", "") + " UTC)";
    }
}
