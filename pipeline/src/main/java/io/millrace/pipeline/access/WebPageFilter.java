package io.millrace.pipeline.access;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Lets no web page in to any service, before anything else looks at the request. */
@Singleton
final class WebPageFilter {

    /** Above those of authentication and CORS. */
    private static final int FIRST = 1_000;
    private static final int FORBIDDEN = 403;

    private final WebPages pages;

    /** @param names further names under which this service is reached, by comma; none by default */
    WebPageFilter(@ConfigProperty(name = "millrace.http.names") Optional<List<String>> names) {
        this.pages = new WebPages(names.orElse(List.of()));
    }

    void register(@Observes Filters filters) {
        filters.register(this::look, FIRST);
    }

    /** HTTP/2 has no such header. */
    private static String host(HttpServerRequest request) {
        var host = request.getHeader(HttpHeaders.HOST);
        return host != null || request.authority() == null ? host : request.authority().toString();
    }

    private void look(RoutingContext call) {
        var refusal = pages.refusal(host(call.request()), call.request().headers().getAll(HttpHeaders.ORIGIN));
        if (refusal == null) {
            call.next();
        } else {
            call.response().setStatusCode(FORBIDDEN).putHeader(HttpHeaders.CONTENT_TYPE, "application/json").end(JsonObject.of("message", refusal).encode());
        }
    }
}
