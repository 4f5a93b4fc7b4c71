package io.millrace.capture.engine;

import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * A JDBC URL in the parts that Debezium wants.
 *
 * @param options what stands behind the question mark
 */
record JdbcUrl(String host, int port, String database, Map<String, String> options) {

    /** @throws IllegalArgumentException when the driver does not understand the URL */
    static JdbcUrl parse(String url) {
        var parsed = Driver.parseURL(url, new Properties());
        if (parsed == null) {
            throw new IllegalArgumentException("'" + withoutLogin(url) + "' is no JDBC URL of Postgres; write jdbc:postgresql://host:5432/database in what the pipeline file refers to");
        }
        var host = PGProperty.PG_HOST.getOrDefault(parsed);
        var port = PGProperty.PG_PORT.getOrDefault(parsed);
        var database = PGProperty.PG_DBNAME.getOrDefault(parsed);
        if (host == null || database == null || host.contains(",")) {
            throw new IllegalArgumentException("The JDBC URL '" + withoutLogin(url) + "' must name one host and a database: jdbc:postgresql://host:5432/database");
        }
        var options = new TreeMap<String, String>();
        for (var name : parsed.stringPropertyNames()) {
            if (!name.startsWith("PG") && !name.equals("user") && !name.equals("password")) {
                options.put(name, parsed.getProperty(name));
            }
        }
        return new JdbcUrl(host, Integer.parseInt(port), database, options);
    }

    /** What a log may show. */
    private static String withoutLogin(String url) {
        return url.replaceAll("//.*@", "//…@").replaceAll("\\?.*", "");
    }
}
