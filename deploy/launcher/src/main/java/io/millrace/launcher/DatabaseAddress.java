package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Where a database is, as a person types it.
 *
 * @param jdbc as the driver takes it, with what stands behind its question mark
 * @param user who is named in it; null for nobody
 * @param password that stands in it; null for none
 */
record DatabaseAddress(String jdbc, String user, String password) {

    private static final String JDBC = "jdbc:postgresql:";
    /** As psql and most who host a database write it: the driver takes no login in front of the host. */
    private static final Pattern URI = Pattern.compile("postgres(?:ql)?://(?:([^:@/]*)(?::([^@/]*))?@)?([^@]*)");

    /** @throws LocalException when it is neither a JDBC URL nor a connection URI of PostgreSQL */
    static DatabaseAddress of(String address) {
        if (address.startsWith(JDBC)) {
            return new DatabaseAddress(address, null, null);
        }
        var uri = URI.matcher(address);
        if (!uri.matches()) {
            throw new LocalException("'" + withoutPassword(address) + "' is no address of a PostgreSQL database; give one with --url jdbc:postgresql://HOST:PORT/DATABASE or --url postgresql://USER:PASSWORD@HOST:PORT/DATABASE, where %40 stands for @ in a password, and %2F for /");
        }
        return new DatabaseAddress(JDBC + "//" + uri.group(3), decoded(uri.group(1)), decoded(uri.group(2)));
    }

    /** What may be shown to anybody: without a login and settings. */
    String plain() {
        return jdbc.replaceAll("\\?.*", "");
    }

    private static String withoutPassword(String address) {
        return address.replaceAll("//.*@", "//…@").replaceAll("\\?.*", "");
    }

    private static String decoded(String text) {
        return text == null || text.isEmpty() ? null : URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
