package io.millrace.purge.verification;

import io.millrace.pipeline.comparison.Json;
import java.math.BigDecimal;
import java.util.Set;
import java.util.TreeMap;

/** JSON as PostgreSQL's {@code jsonb} gives it back, where it is other than what was put in: a number is a {@code numeric}, which knows no exponent and no negative zero, and keeps the digits behind the point. */
final class JsonbNumbers {

    private static final Set<String> NO_NUMBERS = Set.of("true", "false", "null");

    private JsonbNumbers() {}

    static Json of(Json json) {
        return switch (json) {
            case Json.Members(var members) -> {
                var made = new TreeMap<String, Json>(members.comparator());
                members.forEach((name, value) -> made.put(name, of(value)));
                yield new Json.Members(made);
            }
            case Json.Elements(var elements) -> new Json.Elements(elements.stream().map(JsonbNumbers::of).toList());
            case Json.Literal(var text) -> NO_NUMBERS.contains(text) ? json : new Json.Literal(new BigDecimal(text).toPlainString());
            case Json.Text text -> text;
        };
    }
}
