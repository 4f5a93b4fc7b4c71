package io.millrace.pipeline.comparison;

import java.util.List;
import java.util.SortedMap;

/** A JSON value that keeps what a comparison needs: the members in one order and every number's own text. */
public sealed interface Json {

    /** @param members by name, in the order of their code points */
    record Members(SortedMap<String, Json> members) implements Json {}

    record Elements(List<Json> elements) implements Json {}

    record Text(String value) implements Json {}

    /** A number as it was written, or {@code true}, {@code false}, {@code null}. */
    record Literal(String text) implements Json {}

    /** The member of an object, or null where this is no object or has no such member. */
    default Json get(String name) {
        return this instanceof Members(var members) ? members.get(name) : null;
    }

    /** The elements of an array; none where this is no array. */
    default List<Json> items() {
        return this instanceof Elements(var elements) ? elements : List.of();
    }

    /** A text's characters or a literal's own text, the canonical form of anything else. */
    default String asText() {
        return this instanceof Text(var value) ? value : CanonicalJson.write(this);
    }
}
