package io.millrace.console;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where a Prometheus is asked for what was measured, and whose figures are meant.
 *
 * @param query takes questions over a range
 * @param labels by which this installation's series are told from others; empty where there is but one
 */
public record PrometheusAddress(URI query, Map<String, String> labels) {

    private static final String URL = "millrace.console.prometheus-url";
    private static final String LABELS = "millrace.console.prometheus-labels";
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=(.+)", Pattern.DOTALL);
    /** What the questions themselves are about. */
    private static final Set<String> ASKED = Set.of("__name__", "stage", "pipeline", "table", "quantile", "to");

    /**
     * Null where none is configured.
     *
     * @throws IllegalStateException naming the key that cannot be used, without what it says: a password may stand in an address
     */
    static PrometheusAddress of(ConsoleConfig config) {
        return config.prometheusUrl().map(url -> of(url, config.prometheusLabels().orElse(List.of()))).orElse(null);
    }

    static PrometheusAddress of(URI url, List<String> labels) {
        if (url.getScheme() == null || !url.getScheme().matches("(?i)https?") || url.getHost() == null || url.getUserInfo() != null || url.getQuery() != null || url.getFragment() != null) {
            throw new IllegalStateException(URL + " is no address such as http://HOST:PORT, with a path behind it where there is one; a login is set under millrace.prometheus., as user and password-file, or token-file");
        }
        return new PrometheusAddress(URI.create(url.toString().replaceAll("/+$", "") + "/api/v1/query_range"), labels(labels));
    }

    private static Map<String, String> labels(List<String> given) {
        var labels = new LinkedHashMap<String, String>();
        for (var label : given) {
            var parts = LABEL.matcher(label.strip());
            if (!parts.matches()) {
                throw new IllegalStateException(LABELS + " has '" + label + "', which is not NAME=VALUE");
            }
            if (ASKED.contains(parts.group(1))) {
                throw new IllegalStateException(LABELS + " has " + parts.group(1) + ", which the console asks for itself; name a label that Prometheus adds, such as namespace");
            }
            if (labels.put(parts.group(1), parts.group(2)) != null) {
                throw new IllegalStateException(LABELS + " has " + parts.group(1) + " twice");
            }
        }
        return labels;
    }
}
