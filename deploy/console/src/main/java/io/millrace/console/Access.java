package io.millrace.console;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.util.Map;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Lets a request in. A login is a header that only a script of this page sets, never a cookie: no other site can have a
 * browser send it, so there is nothing to forge.
 */
class Access {

    private static final String SCHEME = "Bearer ";

    /** Null where everybody may read. */
    private final byte[] token;

    Access(ConsoleConfig config) {
        this.token = config.tokenFile().map(file -> {
            try {
                return Files.readString(file).strip().getBytes(StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new IllegalStateException("The file " + file + ", to which millrace.console.token-file refers, cannot be read (" + e + "); create it or correct the path", e);
            }
        }).orElse(null);
    }

    @ServerRequestFilter
    Response refuse(ContainerRequestContext request) {
        var authorization = request.getHeaderString(HttpHeaders.AUTHORIZATION);
        if (!request.getMethod().equals("GET") && authorization == null) {
            return unauthorized("A change needs the operator's token");
        }
        if (token != null && (authorization == null || !authorization.startsWith(SCHEME)
                || !MessageDigest.isEqual(token, authorization.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8)))) {
            return unauthorized("This console asks for a token; give it at the top of the page");
        }
        return null;
    }

    private static Response unauthorized(String message) {
        return Response.status(Response.Status.UNAUTHORIZED).entity(Map.of("message", message)).build();
    }
}
