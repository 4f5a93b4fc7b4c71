package io.millrace.tests.oracle;

import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import java.util.TreeSet;

/**
 * One document on which the two sides do not agree.
 *
 * @param id the document's id
 * @param expected by the SQL join; null where there must be none
 * @param actual in the index; null where there is none
 */
public record Difference(String id, String expected, String actual) {

    /** What a person needs to see: where they part first, then both whole. */
    public String describe() {
        if (expected == null) {
            return "document " + id + " is in the index, and no row calls for it\n  index:    " + actual;
        }
        if (actual == null) {
            return "document " + id + " is missing in the index\n  Postgres: " + expected;
        }
        return "document " + id + " differs at " + where("$", CanonicalJson.read(expected), CanonicalJson.read(actual))
                + "\n  Postgres: " + expected + "\n  index:    " + actual;
    }

    private static String where(String path, Json expected, Json actual) {
        return switch (expected) {
            case Json.Members(var left) when actual instanceof Json.Members(var right) -> {
                var names = new TreeSet<>(left.keySet());
                names.addAll(right.keySet());
                for (var name : names) {
                    if (left.get(name) == null || right.get(name) == null || !left.get(name).equals(right.get(name))) {
                        yield where(path + "." + name, left.get(name), right.get(name));
                    }
                }
                yield path;
            }
            case Json.Elements(var left) when actual instanceof Json.Elements(var right) && left.size() == right.size() -> {
                for (int i = 0; i < left.size(); i++) {
                    if (!left.get(i).equals(right.get(i))) {
                        yield where(path + "[" + i + "]", left.get(i), right.get(i));
                    }
                }
                yield path;
            }
            case Json.Elements(var left) when actual instanceof Json.Elements(var right) ->
                path + ": " + left.size() + " elements in Postgres, " + right.size() + " in the index";
            case null -> path + ": not in Postgres, " + CanonicalJson.write(actual) + " in the index";
            default -> path + ": " + CanonicalJson.write(expected) + " in Postgres, " + (actual == null ? "nothing" : CanonicalJson.write(actual)) + " in the index";
        };
    }
}
