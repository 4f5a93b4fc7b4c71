package io.millrace.local.search;

import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestHandler;
import org.opensearch.rest.RestRequest;

/**
 * Lets no web page in. A browser on this machine reaches the loopback interface for whatever page it shows: such a request names the
 * page in {@code Origin}, or, where a name was made to lead here (DNS rebinding), that name in {@code Host}.
 */
public final class LoopbackDoor extends Plugin implements ActionPlugin {

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    @Override
    public UnaryOperator<RestHandler> getRestHandlerWrapper(ThreadContext context) {
        return handler -> new RestHandler.Wrapper(handler) {
            @Override
            public void handleRequest(RestRequest request, org.opensearch.rest.RestChannel channel, org.opensearch.transport.client.node.NodeClient client) throws Exception {
                var refused = refusal(request);
                if (refused == null) {
                    super.handleRequest(request, channel, client);
                } else {
                    channel.sendResponse(new BytesRestResponse(RestStatus.FORBIDDEN, refused));
                }
            }
        };
    }

    /** Why a request is not answered; null where it is. */
    static String refusal(RestRequest request) {
        for (var origin : request.getAllHeaderValues("Origin") == null ? List.<String>of() : request.getAllHeaderValues("Origin")) {
            if (!isLoopback(host(origin))) {
                return "This search engine of a local stack answers no web page; the request comes from " + origin;
            }
        }
        var host = request.header("Host");
        return host == null || isLoopback(host(host.contains("://") ? host : "http://" + host)) ? null
                : "This search engine of a local stack is localhost; the request calls it " + host;
    }

    private static boolean isLoopback(String host) {
        return host != null && LOOPBACK.contains(host);
    }

    private static String host(String address) {
        try {
            return URI.create(address).getHost();
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
