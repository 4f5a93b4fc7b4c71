package io.millrace.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The schemas of all kinds that are used here; where they are from stands in {@code schemas/README.md}. */
final class Schemas {

    /** Kinds whose operators publish no schema through a registry; checked by eye and by the policies only. */
    private static final Set<String> WITHOUT = Set.of("registry.apicur.io/v1 ApicurioRegistry3", "opensearch.org/v1 OpenSearchCluster");

    private final Map<String, Schema> schemas = new HashMap<>();

    Schemas(Path folder) {
        var mapper = new ObjectMapper();
        var registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
        try (var files = Files.list(folder)) {
            for (var file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
                var schema = (ObjectNode) mapper.readTree(Files.readString(file));
                if (schema.has("x-kinds")) {
                    schema.path("x-kinds").properties().forEach(kind -> schemas.put(kind.getKey(), registry.getSchema(one(schema, kind.getValue()))));
                } else {
                    schemas.put(file.getFileName().toString().replace(".json", ""), registry.getSchema(schema));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode one(ObjectNode all, JsonNode reference) {
        var schema = all.objectNode();
        schema.set("$ref", reference);
        schema.set("$defs", all.get("$defs"));
        return schema;
    }

    Stream<String> complaints(JsonNode object) {
        if (StrimziModel.knows(object)) {
            return StrimziModel.complaints(object);
        }
        var version = object.path("apiVersion").asText();
        var schema = schemas.get(version.replace('/', '_') + "_" + Manifests.kind(object));
        if (schema == null) {
            var kind = version + " " + Manifests.kind(object);
            return WITHOUT.contains(kind) ? Stream.of() : Stream.of(Manifests.id(object) + ": there is no schema for " + kind);
        }
        return List.copyOf(schema.validate(object)).stream().map(e -> Manifests.id(object) + ": " + e.getInstanceLocation() + " " + e.getMessage());
    }
}
