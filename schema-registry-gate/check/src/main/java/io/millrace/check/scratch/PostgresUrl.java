package io.millrace.check.scratch;

import io.millrace.check.CheckException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Properties;

/** Addresses of Postgres databases, in JDBC's form and in libpq's. */
public final class PostgresUrl {

    private static final String JDBC = "jdbc:postgresql:";

    private PostgresUrl() {}

    public static boolean isOne(String text) {
        return text.startsWith(JDBC) || text.startsWith("postgresql://") || text.startsWith("postgres://");
    }

    /**
     * The address for JDBC without credentials in it.
     *
     * @param login receives user and password
     */
    public static String parse(String text, String user, String password, Properties login) {
        var address = text;
        if (!text.startsWith(JDBC)) {
            try {
                var uri = new URI(text);
                if (!isOne(text) || uri.getHost() == null) {
                    throw new URISyntaxException(shown(text), "no host");
                }
                if (uri.getUserInfo() != null) {
                    var parts = uri.getUserInfo().split(":", 2);
                    login.setProperty("user", parts[0]);
                    if (parts.length == 2) {
                        login.setProperty("password", parts[1]);
                    }
                }
                address = JDBC + "//" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort()) + uri.getPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
            } catch (URISyntaxException e) {
                throw new CheckException("'" + shown(text) + "' is no address of a Postgres database; write postgresql://user:password@host:5432/database or jdbc:postgresql://host:5432/database", e);
            }
        }
        if (user != null) {
            login.setProperty("user", user);
        }
        if (password != null) {
            login.setProperty("password", password);
        }
        // The text of each statement is sent once; a named statement would not survive a DISCARD ALL in a migration.
        login.setProperty("prepareThreshold", "0");
        // Compiling the catalog's queries costs more than they do.
        login.setProperty("options", "-c jit=off");
        login.setProperty("ApplicationName", "millrace check");
        return address;
    }

    /** The address of another database of the same server. */
    static String with(String url, String database) {
        int query = url.indexOf('?');
        var plain = query < 0 ? url : url.substring(0, query);
        int slash = plain.lastIndexOf('/');
        return plain.substring(0, slash + 1) + database + (query < 0 ? "" : url.substring(query));
    }

    /** Without what may be secret. */
    public static String shown(String url) {
        return url.replaceAll("//[^/@]*@", "//").replaceAll("\\?.*", "");
    }
}
