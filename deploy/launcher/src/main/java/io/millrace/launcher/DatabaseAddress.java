package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a database is, as a person types it.
 *
 * @param jdbc as the driver takes it, with what stands behind its question mark
 * @param user who is named in it; null for nobody
 * @param password that stands in it; null for none
 */
record DatabaseAddress(String jdbc, String user, String password) {

    private static final Set<String> LOGIN = Set.of("user", "password", "sslpassword");
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

    /** What may be shown to anybody: without a login, and with all other settings, such as those of TLS. */
    String plain() {
        var parts = jdbc.split("\\?", 2);
        var settings = parts.length == 1 ? "" : Stream.of(parts[1].split("&")).filter(setting -> !LOGIN.contains(setting.replaceAll("=.*", ""))).collect(Collectors.joining("&"));
        return parts[0] + (settings.isEmpty() ? "" : "?" + settings);
    }

    /** What stands on the command line. */
    static final class Typed implements ITypeConverter<DatabaseAddress> {

        @Override
        public DatabaseAddress convert(String typed) {
            try {
                return of(typed);
            } catch (LocalException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static String withoutPassword(String address) {
        return address.replaceAll("//.*@", "//…@").replaceAll("\\?.*", "");
    }

    private static String decoded(String text) {
        try {
            return text == null || text.isEmpty() ? null : URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new LocalException("The login in the address is not written as a URI wants it: a % in it is written %25, @ is %40 and / is %2F", e);
        }
    }
}
