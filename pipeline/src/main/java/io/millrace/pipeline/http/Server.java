package io.millrace.pipeline.http;

import java.util.Locale;

/** A server that services reach over HTTP. */
public enum Server {
    REGISTRY("registry"),
    SEARCH("search engine");

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
