package io.millrace.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Who may open a connection to whom, as the network policies of an overlay have it together: a pod that any policy selects
 * may do only what some policy allows.
 */
record Arrows(Manifests manifests) {

    /** @param labels of the pod @param namespace labels of its namespace */
    record Pod(String name, Map<String, String> labels, Map<String, String> namespace) {}

    private static final Map<String, String> OWN_NAMESPACE = Map.of("kubernetes.io/metadata.name", "own");

    /** Lines as {@code from -> to:port}, of all pods and ports given. */
    TreeSet<String> between(List<Pod> pods, List<Integer> ports) {
        var arrows = new TreeSet<String>();
        for (var from : pods) {
            for (var to : pods) {
                if (from != to) {
                    ports.stream().filter(port -> allows(from, to, port)).forEach(port -> arrows.add(from.name() + " -> " + to.name() + ":" + port));
                }
            }
        }
        return arrows;
    }

    /** Pods of the services, as their workloads label them. */
    List<Pod> services() {
        return manifests.templates().stream().map(w -> new Pod(Manifests.name(w), Manifests.texts(w.at("/spec/template/metadata/labels")), OWN_NAMESPACE)).toList();
    }

    static Pod server(String what) {
        return new Pod(what, Map.of("millrace.io/serves", what), OWN_NAMESPACE);
    }

    private boolean allows(Pod from, Pod to, int port) {
        return passes(from, to, "Egress", "egress", "to", port) && passes(to, from, "Ingress", "ingress", "from", port);
    }

    private boolean passes(Pod held, Pod other, String type, String rules, String peers, int port) {
        boolean selected = false;
        for (var policy : manifests.of("NetworkPolicy").toList()) {
            var spec = policy.path("spec");
            if (!held.namespace().equals(OWN_NAMESPACE) || !matches(spec.path("podSelector"), held.labels())
                    || Manifests.list(spec.path("policyTypes")).stream().noneMatch(t -> t.asText().equals(type))) {
                continue;
            }
            selected = true;
            for (var rule : spec.path(rules)) {
                boolean portFits = !rule.has("ports") || Manifests.list(rule.path("ports")).stream().anyMatch(p -> p.path("port").asInt() == port);
                boolean peerFits = !rule.has(peers) || Manifests.list(rule.path(peers)).stream().anyMatch(peer -> isPeer(peer, other));
                if (portFits && peerFits) {
                    return true;
                }
            }
        }
        return !selected;
    }

    private static boolean isPeer(JsonNode peer, Pod pod) {
        boolean namespaceFits = peer.has("namespaceSelector") ? matches(peer.path("namespaceSelector"), pod.namespace()) : pod.namespace().equals(OWN_NAMESPACE);
        return namespaceFits && matches(peer.path("podSelector"), pod.labels());
    }

    private static boolean matches(JsonNode selector, Map<String, String> labels) {
        boolean labelsFit = new HashMap<>(labels).entrySet().containsAll(Manifests.texts(selector.path("matchLabels")).entrySet());
        return labelsFit && Manifests.list(selector.path("matchExpressions")).stream().allMatch(e -> {
            if (!e.path("operator").asText().equals("In")) {
                throw new IllegalArgumentException("This test knows the operator In only, not " + e);
            }
            return Manifests.list(e.path("values")).stream().anyMatch(v -> v.asText().equals(labels.get(e.path("key").asText())));
        });
    }
}
