package io.millrace.console.document;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A document with its members in the order of another one's, so that both can be read beside each other line by line. */
final class SameOrder {

    private SameOrder() {}

    /** What the model has not stands behind what it has; the order within arrays is kept. */
    static JsonNode as(JsonNode model, JsonNode node) {
        return switch (node) {
            case ObjectNode object when model instanceof ObjectNode -> members(model, object);
            case ArrayNode array when model instanceof ArrayNode -> elements(model, array);
            default -> node;
        };
    }

    private static ObjectNode members(JsonNode model, ObjectNode object) {
        var ordered = JsonNodeFactory.instance.objectNode();
        model.properties().stream().filter(member -> object.has(member.getKey())).forEach(member -> ordered.set(member.getKey(), as(member.getValue(), object.get(member.getKey()))));
        object.properties().stream().filter(member -> !model.has(member.getKey())).forEach(member -> ordered.set(member.getKey(), member.getValue()));
        return ordered;
    }

    private static ArrayNode elements(JsonNode model, ArrayNode array) {
        var ordered = JsonNodeFactory.instance.arrayNode();
        for (int i = 0; i < array.size(); i++) {
            ordered.add(i < model.size() ? as(model.get(i), array.get(i)) : array.get(i));
        }
        return ordered;
    }
}
