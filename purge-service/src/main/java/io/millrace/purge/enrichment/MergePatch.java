package io.millrace.purge.enrichment;

import io.millrace.pipeline.comparison.Json;
import java.util.TreeMap;

/** JSON Merge Patch, RFC 7396, of objects. */
final class MergePatch {

    private static final String NULL = "null";

    private MergePatch() {}

    /** @param target null for none */
    static Json.Members applied(Json target, Json.Members patch) {
        var members = target instanceof Json.Members(var before) ? new TreeMap<>(before) : new TreeMap<String, Json>(patch.members().comparator());
        patch.members().forEach((name, value) -> {
            if (value instanceof Json.Literal(var literal) && literal.equals(NULL)) {
                members.remove(name);
            } else {
                members.put(name, value instanceof Json.Members below ? applied(members.get(name), below) : value);
            }
        });
        return new Json.Members(members);
    }
}
