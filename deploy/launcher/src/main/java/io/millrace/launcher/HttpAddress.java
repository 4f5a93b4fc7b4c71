package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.net.URI;

/** The address of a server as somebody types it. */
final class HttpAddress {

    private HttpAddress() {}

    /**
     * The address without slashes at its end, so that paths can be put behind it.
     *
     * @throws LocalException when it is none
     */
    static String of(String typed) {
        try {
            var address = URI.create(typed.strip().replaceAll("/+$", ""));
            if (address.getHost() != null && ("http".equalsIgnoreCase(address.getScheme()) || "https".equalsIgnoreCase(address.getScheme()))) {
                return address.toString();
            }
        } catch (IllegalArgumentException e) {
            throw refused(typed, e);
        }
        throw refused(typed, null);
    }

    private static LocalException refused(String typed, IllegalArgumentException cause) {
        return new LocalException("'" + typed + "' is no address of a server; give one such as http://localhost:8080", cause);
    }
}
