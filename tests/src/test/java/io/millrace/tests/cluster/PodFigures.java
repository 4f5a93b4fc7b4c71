package io.millrace.tests.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.TreeMap;

/** What the kubelets measure of the pods: memory that cannot be taken away, and processor time since their start. */
final class PodFigures {

    private static final long MEBIBYTE = 1 << 20;

    private PodFigures() {}

    /** A table, pod by pod, of those that run now. */
    static String table(Cluster cluster) {
        var rows = new TreeMap<String, String>();
        cluster.json("get", "nodes").path("items").forEach(node -> cluster.raw("/api/v1/nodes/" + Workload.name(node) + "/proxy/stats/summary").path("pods").forEach(pod -> {
            if (pod.at("/podRef/namespace").asText().equals(TestedOverlay.NAMESPACE)) {
                rows.put(pod.at("/podRef/name").asText(), row(pod));
            }
        }));
        return "| pod | memory, MiB | processor, s |\n|---|---|---|\n" + String.join("", rows.values());
    }

    private static String row(JsonNode pod) {
        return "| %s | %d | %.1f |%n".formatted(pod.at("/podRef/name").asText(), pod.at("/memory/workingSetBytes").asLong() / MEBIBYTE, pod.at("/cpu/usageCoreNanoSeconds").asLong() / 1e9);
    }
}
