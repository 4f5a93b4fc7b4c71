package io.millrace.launcher;

import com.fasterxml.jackson.databind.JsonNode;

/** A place in which a document of the index differs from the SQL join, in one line. */
final class Difference {

    private Difference() {}

    /** @param difference {@code path}, {@code index} and {@code postgres}, of which a missing or null one is nothing */
    static String line(JsonNode difference) {
        return "%s: %s in the index, %s in Postgres".formatted(difference.path("path").asText(), or(difference.path("index")), or(difference.path("postgres")));
    }

    private static String or(JsonNode value) {
        return value.isMissingNode() || value.isNull() ? "nothing" : value.asText();
    }
}
