package io.millrace.pipeline.access;

import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Closes the connection of a caller whose headers or body do not come to their end, or who does not take the answer, however the bytes are spread over time. Work that takes long is not cut off.
 *
 * <p>The server's own limit for connections to which nothing is written does it; {@link AnswerWatch} tells whose fault that is. A connection of HTTP/2 has many requests at once and is written to at its caller's wish, so all
 * services speak HTTP/1.1.
 */
@Singleton
final class SlowCallers implements HttpServerOptionsCustomizer {

    /** Above all others, whose answers count too. */
    private static final int FIRST = 1_100;
    private static final String WATCH = "answer-watch";

    private final Duration limit;

    /** @param limit after once to twice this time a connection is given up on which neither a request nor an answer begins or ends; 0 for never */
    SlowCallers(@ConfigProperty(name = "millrace.http.request-timeout", defaultValue = "60s") Duration limit) {
        if (limit.isNegative()) {
            throw new IllegalArgumentException("millrace.http.request-timeout wants 0 or more, not " + limit);
        }
        this.limit = limit;
    }

    @Override
    public void customizeHttpServer(HttpServerOptions options) {
        limit(options);
    }

    @Override
    public void customizeHttpsServer(HttpServerOptions options) {
        limit(options);
    }

    @Override
    public void customizeDomainSocketServer(HttpServerOptions options) {
        limit(options);
    }

    private void limit(HttpServerOptions options) {
        options.setHttp2ClearTextEnabled(false).setAlpnVersions(List.of(HttpVersion.HTTP_1_1));
        options.setWriteIdleTimeout(Math.toIntExact(options.getIdleTimeoutUnit().convert(limit)));
    }

    void register(@Observes Filters filters) {
        filters.register(this::watch, FIRST);
    }

    private void watch(RoutingContext call) {
        var connection = ((ConnectionBase) call.request().connection()).channelHandlerContext();
        if (connection.pipeline().get(WATCH) == null) {
            connection.pipeline().addBefore(connection.name(), WATCH, new AnswerWatch(call.request().isEnded()));
        }
        call.next();
    }
}
