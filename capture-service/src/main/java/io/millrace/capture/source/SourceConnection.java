package io.millrace.capture.source;

import io.millrace.pipeline.file.Reference;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.regex.Pattern;

/**
 * Where the source database is and who asks.
 *
 * @param url JDBC URL
 * @param user role that replicates
 * @param password its password, looked up for each connection, for it may be rotated
 */
public record SourceConnection(String url, String user, Reference password) {

    /** How long an answer is waited for before its connection is given up. */
    public static final Duration LONGEST_ANSWER = Duration.ofMinutes(5);

    /** The SQL state of a login that is not possible. */
    private static final String NO_LOGIN = "28000";
    private static final Pattern OPTIONS = Pattern.compile("(?<=[?&])options=([^&]*)&?");

    /** The connection parameter {@code options}: the URL's own, then what no role and no database may change. */
    public String options() {
        var own = OPTIONS.matcher(url);
        return (own.find() ? URLDecoder.decode(own.group(1), StandardCharsets.UTF_8) + " " : "") + Session.OPTIONS;
    }

    /** Opens a plain connection; times out after ten seconds. */
    public Connection open() throws SQLException {
        return DriverManager.getConnection(address(), properties());
    }

    /** Opens a connection that speaks the replication protocol. */
    Connection replication() throws SQLException {
        var properties = properties();
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "15");
        return DriverManager.getConnection(address(), properties);
    }

    /** Without the options, which would go before the properties' own. */
    private String address() {
        return OPTIONS.matcher(url).replaceAll("");
    }

    private Properties properties() throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", user);
        try {
            properties.setProperty("password", password.resolve());
        } catch (IllegalStateException e) {
            throw new SQLException(e.getMessage(), NO_LOGIN, e);
        }
        properties.setProperty("connectTimeout", "10");
        properties.setProperty("socketTimeout", Long.toString(LONGEST_ANSWER.toSeconds()));
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("stringtype", "unspecified");
        // Every value as the text that the stream carries.
        properties.setProperty("binaryTransfer", "false");
        properties.setProperty("options", options());
        properties.setProperty("ApplicationName", "millrace capture");
        return properties;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return url + " as " + user;
    }
}
