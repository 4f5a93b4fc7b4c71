package io.millrace.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The objects of one rendered overlay. */
record Manifests(List<ObjectNode> objects) {

    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    static Manifests parse(String yaml) {
        try (var documents = YAML.readerFor(ObjectNode.class).<ObjectNode>readValues(yaml)) {
            return new Manifests(documents.readAll());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** To be changed without changing this. */
    Manifests copy() {
        return new Manifests(new ArrayList<>(objects.stream().map(ObjectNode::deepCopy).toList()));
    }

    static String kind(JsonNode object) {
        return object.path("kind").asText();
    }

    static String name(JsonNode object) {
        return object.path("metadata").path("name").asText();
    }

    /** {@code kind/name}, as complaints name it. */
    static String id(JsonNode object) {
        return kind(object) + "/" + name(object);
    }

    Stream<ObjectNode> of(String kind) {
        return objects.stream().filter(o -> kind(o).equals(kind));
    }

    Optional<ObjectNode> find(String kind, String name) {
        return of(kind).filter(o -> name(o).equals(name)).findFirst();
    }

    /** Deployments and stateful sets. */
    List<ObjectNode> workloads() {
        return Stream.concat(of("Deployment"), of("StatefulSet")).toList();
    }

    /** Everything that has a pod template of ours: workloads and Knative Services. */
    List<ObjectNode> templates() {
        return Stream.concat(workloads().stream(), of("Service").filter(Manifests::isKnative)).toList();
    }

    static boolean isKnative(JsonNode object) {
        return object.path("apiVersion").asText().startsWith("serving.knative.dev/");
    }

    static JsonNode pod(JsonNode workload) {
        return workload.at("/spec/template/spec");
    }

    static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    static Map<String, String> texts(JsonNode object) {
        var texts = new TreeMap<String, String>();
        object.properties().forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
        return texts;
    }

    /** The service whose image a pod runs. */
    static String service(JsonNode workload) {
        return pod(workload).at("/containers/0/name").asText();
    }
}
