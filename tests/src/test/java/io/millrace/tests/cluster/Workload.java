package io.millrace.tests.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;

/** One service as the cluster runs it. */
record Workload(Cluster cluster, String kind, String name) {

    static final List<String> STAGES = List.of("capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service");
    /** A start on a machine that does other things as well. */
    static final Duration PATIENCE = Duration.ofMinutes(5);

    static Workload of(Cluster cluster, String name) {
        return new Workload(cluster, name.equals("denormalizer-service") ? "statefulset" : "deployment", name);
    }

    String id() {
        return kind + "/" + name;
    }

    /** Its pods that nobody has told to end. */
    List<JsonNode> pods() {
        var items = cluster.json("get", "pods", "-n", TestedOverlay.NAMESPACE, "-l", "app.kubernetes.io/name=" + name).path("items");
        return StreamSupport.stream(items.spliterator(), false).filter(pod -> !pod.path("metadata").has("deletionTimestamp")).toList();
    }

    static String name(JsonNode pod) {
        return pod.at("/metadata/name").asText();
    }

    static String uid(JsonNode pod) {
        return pod.at("/metadata/uid").asText();
    }

    static boolean isReady(JsonNode pod) {
        return StreamSupport.stream(pod.at("/status/conditions").spliterator(), false).anyMatch(c -> c.path("type").asText().equals("Ready") && c.path("status").asText().equals("True"));
    }

    static int restarts(JsonNode pod) {
        return pod.at("/status/containerStatuses/0/restartCount").asInt();
    }

    /** Waits until as many pods are ready as are wished, and at least one, all of the wished version. */
    void awaitRollout() {
        cluster.run(PATIENCE, "rollout", "status", id(), "-n", TestedOverlay.NAMESPACE, "--timeout=" + PATIENCE.toSeconds() + "s");
    }

    /** One that is ready. A stage that rests has none, until something comes. */
    JsonNode awaitReadyPod() {
        return Awaitility.await(name + " has a pod that is ready").pollInSameThread().pollInterval(Duration.ofSeconds(1)).atMost(PATIENCE)
                .until(() -> pods().stream().filter(Workload::isReady).findFirst(), Optional::isPresent).orElseThrow();
    }

    int replicas() {
        return cluster.json("get", id(), "-n", TestedOverlay.NAMESPACE).at("/spec/replicas").asInt();
    }
}
