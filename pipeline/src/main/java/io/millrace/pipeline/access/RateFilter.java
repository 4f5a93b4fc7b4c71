package io.millrace.pipeline.access;

import io.millrace.pipeline.wording.Counted;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Answers an address that asks for changes faster than any person or program of Millrace does with 429, before it is asked who that is. Reads are not counted, whatever token they bring: that nobody guesses a token is due to
 * its length.
 */
@Singleton
final class RateFilter {

    /** Behind that of web pages, above those of authentication. */
    private static final int SECOND = 900;
    private static final int TOO_MANY_REQUESTS = 429;
    /** Of an IPv6 address name the network; the rest is whatever its machine likes, and another one for each call (RFC 4291). */
    private static final int NETWORK_BYTES = 8;
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
        if (READS.contains(call.request().method()) || buckets.take(address == null || address.hostAddress() == null ? "" : caller(address.hostAddress()))) {
            call.next();
        } else {
            call.response().setStatusCode(TOO_MANY_REQUESTS).putHeader("Retry-After", "1").putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                    .end(JsonObject.of("message", "More than " + Counted.of(perSecond, "change") + " a second came from this address; come again later, or set millrace.http.changes-per-second").encode());
        }
    }

    /**
     * Who shares a bucket: an IPv4 address, or an IPv6 network.
     *
     * @param address as Java writes addresses, with the interface's name behind it or without
     */
    static String caller(String address) {
        var known = InetAddress.ofLiteral(address.replaceFirst("%.*", ""));
        return known instanceof Inet6Address ? HexFormat.of().formatHex(Arrays.copyOf(known.getAddress(), NETWORK_BYTES)) : known.getHostAddress();
    }
}
