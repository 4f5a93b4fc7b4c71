package io.millrace.console.login;

import io.millrace.console.ConsoleConfig;
import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
import io.quarkus.security.identity.SecurityIdentity;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.SimpleResourceInfo;

/**
 * Lets a request in. A login is a header that only a script of this page sets, never a cookie: no other site can have a
 * browser send it, so there is nothing to forge.
 */
class Access {

    /** Of every role that a service knows. */
    private static final String ROLES = "millrace-";

    private final BearerToken token;
    private final Provider provider;
    private final SecurityIdentity caller;

    Access(ConsoleConfig config, Provider provider, SecurityIdentity caller) {
        this.token = new BearerToken(Secret.inFile("millrace.console.token-file", config.tokenFile()));
        this.provider = provider;
        this.caller = caller;
    }

    @ServerRequestFilter
    Response refuse(ContainerRequestContext request, SimpleResourceInfo asked) {
        boolean isLogin = asked.getResourceClass() == LoginResource.class;
        if (provider.isOn()) {
            return isLogin ? null : byProvider();
        }
        var refusal = byToken(request.getMethod(), request.getHeaderString(HttpHeaders.AUTHORIZATION));
        return refusal == null && isLogin && !request.getMethod().equals("GET") ? refused(Response.Status.NOT_FOUND, "Nobody logs in at this console; it takes the services' token") : refusal;
    }

    /** The provider's tokens have been judged before; what may be done with them is said by the services, which are asked with them. */
    private Response byProvider() {
        if (caller.isAnonymous()) {
            return refused(Response.Status.UNAUTHORIZED, "This console asks for a login; log in at the top of the page");
        }
        return caller.getRoles().stream().anyMatch(role -> role.startsWith(ROLES)) ? null
                : refused(Response.Status.FORBIDDEN, caller.getPrincipal().getName() + " has none of the roles millrace-reader, millrace-operator, …; whoever looks after the login provider gives them");
    }

    private Response byToken(String method, String authorization) {
        if (!method.equals("GET") && authorization == null) {
            return refused(Response.Status.UNAUTHORIZED, "A change needs the operator's token");
        }
        if (token.isKnown() && !token.isIn(authorization)) {
            return refused(Response.Status.UNAUTHORIZED, "This console asks for a token; give it at the top of the page");
        }
        return null;
    }

    private static Response refused(Response.Status status, String message) {
        return Response.status(status).entity(Map.of("message", message)).build();
    }
}
