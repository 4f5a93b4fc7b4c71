package io.millrace.capture.source;

/**
 * The settings of every session with the source database. A role or a database may have others of its own; what a client
 * asks for as it connects goes before them. The driver asks for {@code client_encoding}, {@code DateStyle},
 * {@code extra_float_digits} and {@code TimeZone} by itself, the last as the process has it.
 */
final class Session {

    /** The first version of PostgreSQL with a limit for whole transactions, the reading of one by a replicating connection among them. */
    private static final int WITH_TRANSACTION_TIMEOUT = 17;

    private static final String OPTIONS = String.join(" ",
            // How values are printed.
            "-c bytea_output=hex", "-c DateStyle=ISO", "-c IntervalStyle=postgres", "-c extra_float_digits=1", "-c lc_monetary=C", "-c xmloption=content",
            // How what we send is read.
            "-c search_path=public", "-c array_nulls=on", "-c standard_conforming_strings=on", "-c default_transaction_read_only=off", "-c default_transaction_isolation=read\\ committed",
            // An error instead of rows that a policy hides, and the rights of the role that the pipeline file names.
            "-c row_security=off", "-c role=none",
            // What we commit waits for no standby: it may be away, and with "*" it is we ourselves. A promotion that loses it has lost nothing that was captured.
            "-c synchronous_commit=local",
            // A replicating connection whose process is frozen ends, and not at once.
            "-c wal_sender_timeout=60s",
            "-c statement_timeout=0", "-c lock_timeout=0", "-c idle_in_transaction_session_timeout=0", "-c idle_session_timeout=0");

    private Session() {}

    /**
     * SQL that tells a person which server process it is, since when and whose.
     *
     * @param pid the expression of its number; its row of {@code pg_stat_activity}, where there is one, is {@code a}
     */
    static String who(String pid) {
        return "'process ' || " + pid + " || coalesce(', ' || nullif(a.application_name, '') || ' from ' || coalesce(host(a.client_addr), 'this host')"
                + " || ' as ' || a.usename || ', connected since ' || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'), '')";
    }

    /**
     * In the form of the connection parameter {@code options}. A server refuses what it does not know.
     *
     * @param version the server's major version, 0 where it is not known
     */
    static String options(int version) {
        return version < WITH_TRANSACTION_TIMEOUT ? OPTIONS : OPTIONS + " -c transaction_timeout=0";
    }
}
