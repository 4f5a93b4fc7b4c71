package io.millrace.launcher;

import java.net.URI;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The address of a server as somebody types it, which becomes the same without slashes at its end, so that paths can be put behind it. */
final class HttpAddress implements ITypeConverter<String> {

    @Override
    public String convert(String typed) {
        try {
            var address = URI.create(typed.strip().replaceAll("/+$", ""));
            if (address.getHost() != null && ("http".equalsIgnoreCase(address.getScheme()) || "https".equalsIgnoreCase(address.getScheme()))) {
                return address.toString();
            }
        } catch (IllegalArgumentException e) {
            throw refused(typed);
        }
        throw refused(typed);
    }

    private static TypeConversionException refused(String typed) {
        return new TypeConversionException("'" + typed + "' is no address of a server; give one such as http://localhost:8080");
    }
}
