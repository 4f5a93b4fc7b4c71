package io.millrace.connect;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.rest.ConnectRestExtension;
import org.apache.kafka.connect.rest.ConnectRestExtensionContext;

/**
 * Lets no web page into the worker of a local stack, whose REST interface asks nobody who comes. A browser on this machine reaches the loopback interface for whatever page it shows: such a request names
 * the page in {@code Origin}, or, where a name was made to lead here (DNS rebinding), that name in {@code Host}.
 */
public final class LoopbackDoor implements ConnectRestExtension {

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    @Override
    public void register(ConnectRestExtensionContext context) {
        context.configurable().register((ContainerRequestFilter) LoopbackDoor::filter);
    }

    private static void filter(ContainerRequestContext request) {
        var refused = refusal(request.getHeaderString("Origin"), request.getHeaderString("Host"));
        if (refused != null) {
            request.abortWith(Response.status(Response.Status.FORBIDDEN).type("text/plain").entity(refused).build());
        }
    }

    /** Why a request is not answered; null where it is. */
    static String refusal(String origin, String host) {
        if (origin != null && !isLoopback(origin)) {
            return "This worker of a local stack answers no web page; the request comes from " + origin;
        }
        return host == null || isLoopback("http://" + host) ? null : "This worker of a local stack is localhost; the request calls it " + host;
    }

    private static boolean isLoopback(String address) {
        try {
            var host = URI.create(address).getHost();
            return host != null && LOOPBACK.contains(host);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    @Override
    public void configure(Map<String, ?> settings) {
        // There is nothing to choose.
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public void close() {
        // It holds nothing.
    }
}
