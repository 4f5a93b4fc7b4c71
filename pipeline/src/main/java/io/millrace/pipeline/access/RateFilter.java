package io.millrace.pipeline.access;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Answers an address that asks for changes faster than any person or program of Millrace does with 429, before it is asked who that is: a token cannot be guessed at speed either. */
@Singleton
final class RateFilter {

    /** Behind that of web pages, above those of authentication. */
    private static final int SECOND = 900;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final Set<HttpMethod> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

    private final Buckets buckets;
    private final int perSecond;

    /** @param perSecond changing calls a second from one address; 0 for as many as it likes */
    RateFilter(@ConfigProperty(name = "millrace.http.changes-per-second", defaultValue = "200") int perSecond) {
        this.buckets = new Buckets(perSecond, System::nanoTime);
        this.perSecond = perSecond;
    }

    void register(@Observes Filters filters) {
        filters.register(this::look, SECOND);
    }

    private void look(RoutingContext call) {
        var address = call.request().remoteAddress();
        if (READS.contains(call.request().method()) || buckets.take(address == null ? "" : address.hostAddress())) {
            call.next();
        } else {
            call.response().setStatusCode(TOO_MANY_REQUESTS).putHeader("Retry-After", "1").putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                    .end(JsonObject.of("message", "More than " + perSecond + " changes a second came from this address; come again later, or set millrace.http.changes-per-second").encode());
        }
    }
}
