package io.millrace.tests.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** The objects of the namespace that somebody wrote, each with what tells whether it was changed: what it says, apart from status and what the cluster adds. */
record Inventory(SortedMap<String, String> objects) {

    private static final String KINDS = "deployment,statefulset,service,configmap,secret,scaledobject,triggerauthentication,networkpolicy,poddisruptionbudget,serviceaccount,persistentvolumeclaim,job";

    static Inventory of(Cluster cluster) {
        var objects = new TreeMap<String, String>();
        cluster.json("get", KINDS, "-n", TestedOverlay.NAMESPACE).path("items").forEach(object -> objects.put(object.path("kind").asText() + "/" + object.at("/metadata/name").asText(), state(object)));
        return new Inventory(objects);
    }

    /** Without the number of replicas, which is the autoscaler's to say. */
    private static String state(JsonNode object) {
        var spec = object.path("spec").deepCopy();
        if (spec instanceof ObjectNode fields) {
            fields.remove("replicas");
        }
        return object.at("/metadata/uid").asText() + " " + spec + " " + object.path("data");
    }

    /** Lines as {@code + Kind/name}, {@code - Kind/name} and {@code ~ Kind/name}. */
    List<String> difference(Inventory later) {
        var lines = new ArrayList<String>();
        var names = new TreeSet<>(objects.keySet());
        names.addAll(later.objects.keySet());
        for (var name : names) {
            var before = objects.get(name);
            var after = later.objects.get(name);
            if (before == null) {
                lines.add("+ " + name);
            } else if (after == null) {
                lines.add("- " + name);
            } else if (!before.equals(after)) {
                lines.add("~ " + name);
            }
        }
        return lines;
    }
}
