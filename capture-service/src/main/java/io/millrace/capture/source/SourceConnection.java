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

/** Where the source database is and who asks. Thread-safe. */
public final class SourceConnection {

    /** How long an answer is waited for before its connection is given up. */
    public static final Duration LONGEST_ANSWER = Duration.ofMinutes(5);

    /** The oldest version of PostgreSQL that is captured. */
    private static final String OLDEST = "15";
    /** The SQL state of a setting that the server does not know. */
    private static final String UNKNOWN_SETTING = "42704";
    /** The SQL state of a login that is not possible. */
    private static final String NO_LOGIN = "28000";
    private static final Pattern OPTIONS = Pattern.compile("(?<=[?&])options=([^&]*)&?");

    private final String url;
    private final String user;
    private final Reference password;
    /** The major version of the server that answered last, 0 where none has. */
    private volatile int version;

    /**
     * @param url JDBC URL
     * @param user role that replicates
     * @param password its password, looked up for each connection, for it may be rotated
     */
    public SourceConnection(String url, String user, Reference password) {
        this.url = url;
        this.user = user;
        this.password = password;
    }

    /** JDBC URL. */
    public String url() {
        return url;
    }

    /** The role that replicates. */
    public String user() {
        return user;
    }

    /** Its password, which may be another one at each look. */
    public Reference password() {
        return password;
    }

    /** The connection parameter {@code options}: the URL's own, then what no role and no database may change on the server that answered last. */
    public String options() {
        return options(version);
    }

    private String options(int server) {
        var own = OPTIONS.matcher(url);
        return (own.find() ? URLDecoder.decode(own.group(1), StandardCharsets.UTF_8) + " " : "") + Session.options(server);
    }

    /** Opens a plain connection; times out after ten seconds. */
    public Connection open() throws SQLException {
        return open(new Properties());
    }

    /** Opens a plain connection of which no answer is waited for longer, from the login on. */
    public Connection open(Duration longestAnswer) throws SQLException {
        var hasty = new Properties();
        hasty.setProperty("socketTimeout", Long.toString(longestAnswer.toSeconds()));
        return open(hasty);
    }

    /** Opens a connection that speaks the replication protocol. */
    Connection replication() throws SQLException {
        var replicating = new Properties();
        replicating.setProperty("replication", "database");
        replicating.setProperty("preferQueryMode", "simple");
        return open(replicating);
    }

    /** A server says its version as it connects, and may be another one than before. */
    private Connection open(Properties further) throws SQLException {
        int assumed = version;
        var connection = connect(further, assumed);
        int found = connection.getMetaData().getDatabaseMajorVersion();
        version = found;
        if (options(found).equals(options(assumed))) {
            return connection;
        }
        connection.close();
        return connect(further, found);
    }

    private Connection connect(Properties further, int server) throws SQLException {
        var properties = properties(server);
        properties.putAll(further);
        try {
            return DriverManager.getConnection(address(), properties);
        } catch (SQLException e) {
            if (UNKNOWN_SETTING.equals(e.getSQLState())) {
                // The next connection asks again.
                version = 0;
            }
            throw e;
        }
    }

    /** Without the options, which would go before the properties' own. */
    private String address() {
        return OPTIONS.matcher(url).replaceAll("");
    }

    private Properties properties(int server) throws SQLException {
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
        // Without it the driver asks before a limit of the role's or the database's is taken away.
        properties.setProperty("assumeMinServerVersion", OLDEST);
        properties.setProperty("options", options(server));
        properties.setProperty("ApplicationName", "millrace capture");
        return properties;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return url + " as " + user;
    }
}
