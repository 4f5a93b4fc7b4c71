package io.millrace.console.document;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.pipeline.comparison.Differences.Difference;
import io.millrace.pipeline.privacy.PrivateContent;
import java.sql.SQLException;

/**
 * What a caller sees of a pipeline's documents.
 *
 * @param hidden null where nothing is
 */
record Sight(PrivateContent hidden) {

    static final Sight WHOLE = new Sight(null);

    /** Null where there is no document. */
    JsonNode document(JsonNode whole) {
        return hidden == null || whole == null ? whole : seen(hidden.document(), whole);
    }

    private static JsonNode seen(PrivateContent.Place place, JsonNode node) {
        return switch (node) {
            case JsonNode _ when place.isPrivate() -> JsonNodeFactory.instance.textNode(PrivateContent.MASK);
            case ObjectNode object -> {
                var members = JsonNodeFactory.instance.objectNode();
                object.properties().forEach(member -> members.set(member.getKey(), seen(place.member(member.getKey()), member.getValue())));
                yield members;
            }
            case ArrayNode array -> {
                var elements = JsonNodeFactory.instance.arrayNode();
                array.forEach(element -> elements.add(seen(place, element)));
                yield elements;
            }
            default -> node;
        };
    }

    Difference difference(Difference whole) {
        return hidden == null ? whole : hidden.masked(whole);
    }

    /** The database quotes values that it cannot take. */
    String words(SQLException failure) {
        return hidden == null || hidden.isEmpty() ? failure.getMessage() : "SQL state " + failure.getSQLState() + " (the database's words may have private values; they are shown with the console's token)";
    }
}
