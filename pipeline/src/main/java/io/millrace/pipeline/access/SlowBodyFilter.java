package io.millrace.pipeline.access;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Closes the connection of whoever announces a body and does not send the rest of it: each would keep a connection for as long as it likes, also with a byte now and then. */
@Singleton
final class SlowBodyFilter {

    /** Above that of web pages, so that whoever is refused is watched too. */
    private static final int ZEROTH = 1_100;

    private final Duration patience;

    /** @param patience from the end of a request's headers to that of its body */
    SlowBodyFilter(@ConfigProperty(name = "millrace.http.body-timeout", defaultValue = "60s") Duration patience) {
        if (!patience.isPositive()) {
            throw new IllegalArgumentException("millrace.http.body-timeout wants more than nothing, such as 60s, not " + patience);
        }
        this.patience = patience;
    }

    void register(@Observes Filters filters) {
        filters.register(this::look, ZEROTH);
    }

    private void look(RoutingContext call) {
        var request = call.request();
        if (announcesBody(request)) {
            long timer = call.vertx().setTimer(patience.toMillis(), _ -> {
                if (!request.isEnded()) {
                    request.connection().close();
                }
            });
            call.addEndHandler(_ -> {
                if (request.isEnded()) {
                    call.vertx().cancelTimer(timer);
                }
            });
        }
        call.next();
    }

    private static boolean announcesBody(HttpServerRequest request) {
        var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length != null && !length.equals("0") || request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null;
    }
}
