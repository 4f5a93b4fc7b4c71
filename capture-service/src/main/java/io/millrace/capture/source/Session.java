package io.millrace.capture.source;

/**
 * The settings of every session with the source database. A role or a database may have others of its own; what a client
 * asks for as it connects goes before them. The driver asks for {@code client_encoding}, {@code DateStyle},
 * {@code extra_float_digits} and {@code TimeZone} by itself, the last as the process has it.
 */
final class Session {

    /** In the form of the connection parameter {@code options}. */
    static final String OPTIONS = String.join(" ",
            // How values are printed.
            "-c bytea_output=hex", "-c DateStyle=ISO", "-c IntervalStyle=postgres", "-c extra_float_digits=1", "-c lc_monetary=C", "-c xmloption=content",
            // How what we send is read.
            "-c search_path=public", "-c array_nulls=on", "-c standard_conforming_strings=on", "-c default_transaction_read_only=off", "-c default_transaction_isolation=read\\ committed",
            // An error instead of rows that a policy hides.
            "-c row_security=off",
            "-c statement_timeout=0", "-c lock_timeout=0", "-c idle_in_transaction_session_timeout=0", "-c idle_session_timeout=0");

    private Session() {}
}
