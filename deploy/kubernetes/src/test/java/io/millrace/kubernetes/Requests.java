package io.millrace.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What all pods of an overlay together ask of the cluster, by what their manifests say; operators add little of their own.
 *
 * @param millicores thousandths of a core
 * @param mebibytes memory
 * @param missing objects that say nothing of it
 */
record Requests(long millicores, long mebibytes, List<String> missing) {

    /** Where each kind says how many pods, and what one requests. */
    private static final Map<String, List<String>> PLACES = Map.of(
            "Deployment", List.of("/spec/replicas", "/spec/template/spec/containers/0/resources"), "StatefulSet", List.of("/spec/replicas", "/spec/template/spec/containers/0/resources"),
            "KafkaNodePool", List.of("/spec/replicas", "/spec/resources"), "Cluster", List.of("/spec/instances", "/spec/resources"),
            "ApicurioRegistry3", List.of("/spec/app/replicas", "/spec/app/podTemplateSpec/spec/containers/0/resources"),
            "OpenSearchCluster", List.of("/spec/nodePools/0/replicas", "/spec/nodePools/0/resources"), "OpenTelemetryCollector", List.of("/spec/replicas", "/spec/resources"));

    static Requests of(Manifests manifests) {
        long millicores = 0;
        long mebibytes = 0;
        var missing = new ArrayList<String>();
        for (var object : manifests.objects()) {
            var places = PLACES.get(Manifests.kind(object));
            if (places == null) {
                continue;
            }
            long replicas = object.at(places.getFirst()).asLong(1);
            var requests = object.at(places.getLast()).path("requests");
            if (!requests.has("cpu") || !requests.has("memory")) {
                missing.add(Manifests.id(object));
                continue;
            }
            millicores += replicas * cores(requests.path("cpu"));
            mebibytes += replicas * memory(requests.path("memory").asText());
        }
        return new Requests(millicores, mebibytes, missing);
    }

    private static long cores(JsonNode cpu) {
        var text = cpu.asText();
        return text.endsWith("m") ? Long.parseLong(text.substring(0, text.length() - 1)) : Math.round(Double.parseDouble(text) * 1_000);
    }

    /** @return mebibytes */
    static long memory(String text) {
        long number = Long.parseLong(text.substring(0, text.length() - 2));
        return switch (text.substring(text.length() - 2)) {
            case "Mi" -> number;
            case "Gi" -> number * 1_024;
            default -> throw new IllegalArgumentException("Memory is written in Mi or Gi here, and not as " + text);
        };
    }
}
