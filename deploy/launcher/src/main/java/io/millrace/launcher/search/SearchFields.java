package io.millrace.launcher.search;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.local.LocalException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The fields of an index, as its mapping has them. */
final class SearchFields {

    /** Types whose values are words, and not one value that can be counted or sorted by. */
    private static final Set<String> WORDS = Set.of("text", "match_only_text", "annotated_text", "search_as_you_type");
    /** Types that are neither searched by an exact value nor sorted by. */
    private static final Set<String> OPAQUE = Set.of("binary", "geo_point", "geo_shape", "knn_vector", "completion");

    /**
     * @param exact the field that holds the whole value; null where none does
     * @param nested the path of the nested object that it stands in; null where it stands in none
     */
    record Field(String exact, String nested) {}

    private final Map<String, Field> fields = new TreeMap<>();
    private final Set<String> nested = new TreeSet<>();

    /** @param mappings what the search engine answers to {@code GET /INDEX/_mapping}: one or more indexes with their mappings */
    SearchFields(JsonNode mappings) {
        mappings.forEach(index -> add("", null, index.path("mappings").path("properties")));
    }

    private void add(String prefix, String nestedIn, JsonNode properties) {
        properties.properties().forEach(property -> {
            var path = prefix + property.getKey();
            var mapping = property.getValue();
            var type = mapping.path("type").asText("object");
            var inside = type.equals("nested") ? path : nestedIn;
            if (type.equals("nested")) {
                nested.add(path);
            }
            if (mapping.has("properties")) {
                add(path + ".", inside, mapping.path("properties"));
            } else if (!type.equals("object") && !type.equals("nested")) {
                fields.put(path, new Field(exact(path, type, mapping), inside));
            }
        });
    }

    private static String exact(String path, String type, JsonNode mapping) {
        if (!WORDS.contains(type)) {
            return OPAQUE.contains(type) || !mapping.path("doc_values").asBoolean(true) ? null : path;
        }
        for (var twin : mapping.path("fields").properties()) {
            if (twin.getValue().path("type").asText().equals("keyword")) {
                return path + "." + twin.getKey();
            }
        }
        return null;
    }

    Set<String> nested() {
        return nested;
    }

    /**
     * The field by which documents can be filtered, counted and sorted.
     *
     * @throws LocalException when there is none of that name, or it holds no single value
     */
    Field exact(String name) {
        var field = fields.get(name);
        if (field == null) {
            throw new LocalException("The index has no field '" + name + "'. Its fields are: " + String.join(", ", names()));
        }
        if (field.exact() == null) {
            throw new LocalException("The field '" + name + "' can be searched by words and not by its whole value. Fields that can be compared, counted and sorted by: " + String.join(", ", exactNames()));
        }
        return field;
    }

    private Set<String> names() {
        return fields.keySet();
    }

    private List<String> exactNames() {
        var names = new ArrayList<String>();
        fields.forEach((name, field) -> {
            if (field.exact() != null) {
                names.add(name);
            }
        });
        return names;
    }
}
