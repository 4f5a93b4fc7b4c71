package io.millrace.pipeline.access;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.smallrye.health.SmallRyeHealthReporter;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Shows metrics, and the reasons of health, to whoever brings a token for that alone, where there is one: what Prometheus and the console hold changes nothing. Whether a service lives, has started and is ready is told to
 * everybody, since an orchestrator's probe brings no token.
 */
@Singleton
final class FiguresFilter {

    /** Behind that of rates; who the caller is otherwise is not asked. */
    private static final int THIRD = 800;
    private static final String CLOSED = "/q/";
    private static final Set<String> OPEN = Set.of("/q/health/live", "/q/health/started");
    private static final String READY = "/q/health/ready";
    private static final String KEY = "millrace.http.figures-token-file";
    private static final int OK = 200;
    private static final int UNAUTHORIZED = 401;
    private static final int UNAVAILABLE = 503;

    private final BearerToken token;
    private final SmallRyeHealthReporter health;

    /** @param file with the token, read for each request; without it everybody sees all of it */
    FiguresFilter(@ConfigProperty(name = KEY) Optional<Path> file, SmallRyeHealthReporter health) {
        this.token = new BearerToken(Secret.inFile(KEY, file));
        this.health = health;
    }

    void register(@Observes Filters filters) {
        if (token.isKnown()) {
            filters.register(this::look, THIRD);
        }
    }

    /** By the path as the router sees it, whatever was sent. */
    private void look(RoutingContext call) {
        var path = call.normalizedPath().replaceFirst("/+$", "");
        if (!(path + "/").startsWith(CLOSED) || OPEN.contains(path) || token.isIn(call.request().getHeader(HttpHeaders.AUTHORIZATION))) {
            call.next();
        } else if (path.equals(READY)) {
            tell(call);
        } else {
            call.response().putHeader("WWW-Authenticate", "Bearer");
            answer(call, UNAUTHORIZED, JsonObject.of("message", "Metrics and the reasons of health are for who brings the token of " + KEY + ", as Authorization: Bearer …"));
        }
    }

    /** Ready or not, and no reason. */
    private void tell(RoutingContext call) {
        var own = call.vertx().getOrCreateContext();
        health.getReadinessAsync().subscribe().with(found -> own.runOnContext(_ -> answer(call, found.isDown() ? UNAVAILABLE : OK, JsonObject.of("status", found.isDown() ? "DOWN" : "UP"))), call::fail);
    }

    private static void answer(RoutingContext call, int status, JsonObject said) {
        call.response().setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, "application/json").end(said.encode());
    }
}
