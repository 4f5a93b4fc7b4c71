package io.millrace.pipeline.access;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Tells requests that a web page has a browser make from those of somebody who knows the way. A page of elsewhere is named in
 * {@code Origin}. A page whose own name was made to lead here (DNS rebinding) is named in {@code Host}: nobody can do so with an
 * address, with a name without a dot, or with a name of a cluster's own. Immutable.
 */
public final class WebPages {

    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+(%[0-9a-z]+)?]");
    private static final List<String> PRIVATE = List.of(".localhost", ".svc", ".cluster.local", ".internal");

    private final Set<String> names;

    /** @param names further names under which a service is reached, such as that of its ingress */
    public WebPages(List<String> names) {
        this.names = new TreeSet<>(names.stream().map(name -> name.strip().toLowerCase(Locale.ROOT)).toList());
    }

    /**
     * Why a request is refused, null where it is not.
     *
     * @param host the request's header of that name, null where it has none
     * @param origins all its headers {@code Origin}
     */
    public String refusal(String host, List<String> origins) {
        if (host != null && !isOurs(name(host))) {
            return "This service is not called " + host + "; where that is its name, add it to millrace.http.names";
        }
        for (var origin : origins) {
            if (!authority(origin).equalsIgnoreCase(host)) {
                return "This service answers no page of another server; the request comes from a page of " + origin;
            }
        }
        return null;
    }

    private boolean isOurs(String name) {
        return !name.isEmpty() && (!name.contains(".") && !name.contains(":") || ADDRESS.matcher(name).matches() || PRIVATE.stream().anyMatch(name::endsWith) || names.contains(name));
    }

    /** Without the port, and without the dot of a name that is written out in full. */
    private static String name(String host) {
        return host.strip().toLowerCase(Locale.ROOT).replaceFirst(":\\d*$", "").replaceFirst("\\.$", "");
    }

    /** Empty where the origin is none, such as {@code null}. */
    private static String authority(String origin) {
        try {
            var authority = new URI(origin).getRawAuthority();
            return authority == null ? "" : authority;
        } catch (URISyntaxException e) {
            return "";
        }
    }
}
