package io.millrace.console;

import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Lets a request in. A login is a header that only a script of this page sets, never a cookie: no other site can have a
 * browser send it, so there is nothing to forge.
 */
class Access {

    private final BearerToken token;

    Access(ConsoleConfig config) {
        this.token = new BearerToken(Secret.inFile("millrace.console.token-file", config.tokenFile()));
    }

    @ServerRequestFilter
    Response refuse(ContainerRequestContext request) {
        var authorization = request.getHeaderString(HttpHeaders.AUTHORIZATION);
        if (!request.getMethod().equals("GET") && authorization == null) {
            return unauthorized("A change needs the operator's token");
        }
        if (token.isKnown() && !token.isIn(authorization)) {
            return unauthorized("This console asks for a token; give it at the top of the page");
        }
        return null;
    }

    private static Response unauthorized(String message) {
        return Response.status(Response.Status.UNAUTHORIZED).entity(Map.of("message", message)).build();
    }
}
