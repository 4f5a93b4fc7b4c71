package io.millrace.capture.source;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/**
 * Where the source database is and who asks.
 *
 * @param url JDBC URL
 * @param user role that replicates
 * @param password its password
 */
public record SourceConnection(String url, String user, String password) {

    /** Opens a plain connection; times out after ten seconds. */
    public Connection open() throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("connectTimeout", "10");
        properties.setProperty("socketTimeout", "300");
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("stringtype", "unspecified");
        properties.setProperty("ApplicationName", "millrace capture");
        return DriverManager.getConnection(url, properties);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return url + " as " + user;
    }
}
