package io.millrace.pipeline.http;

import java.util.Locale;

/** A server that services reach over HTTP. */
public enum Server {
    REGISTRY("registry"),
    SEARCH("search engine"),
    /** Millrace's own, which the console asks. */
    SERVICES("services"),
    /** Which the console asks for what was measured before it was started. */
    PROMETHEUS("Prometheus"),
    /** By which people log in at the console. */
    LOGIN("login provider");

    private final String title;

    Server(String title) {
        this.title = title;
    }

    /** What its keys begin with; the same in every service. */
    public String prefix() {
        return "millrace." + name().toLowerCase(Locale.ROOT) + ".";
    }

    @Override
    public String toString() {
        return title;
    }
}
