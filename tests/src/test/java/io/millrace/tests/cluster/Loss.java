package io.millrace.tests.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.stream.Stream;

/** How a pod goes. */
enum Loss {
    /** Somebody deletes it, with its grace. */
    DELETE {
        @Override
        void of(Cluster cluster, JsonNode pod) {
            cluster.run("delete", "pod", Workload.name(pod), "-n", TestedOverlay.NAMESPACE, "--wait=false");
        }
    },
    /** By the API that asks its disruption budget. */
    EVICT {
        @Override
        void of(Cluster cluster, JsonNode pod) {
            cluster.create("/api/v1/namespaces/%s/pods/%s/eviction".formatted(TestedOverlay.NAMESPACE, Workload.name(pod)),
                    "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"}}".formatted(Workload.name(pod), TestedOverlay.NAMESPACE));
        }
    },
    /** Others in its container take the memory up to the limit, each less than the service, so the kernel kills the service. */
    MEMORY {
        @Override
        void of(Cluster cluster, JsonNode pod) {
            Stream.generate(() -> Thread.ofVirtual().start(() -> takeMemory(cluster, pod))).limit(HOGS).toList().forEach(Loss::join);
        }
    };

    private static final int HOGS = 6;

    abstract void of(Cluster cluster, JsonNode pod);

    private static void takeMemory(Cluster cluster, JsonNode pod) {
        try {
            cluster.run("exec", Workload.name(pod), "-n", TestedOverlay.NAMESPACE, "--", "/opt/java/bin/java", "-XX:+UseSerialGC", "-Xms120m", "-Xmx120m", "-XX:+AlwaysPreTouch", "-version");
        } catch (AssertionError e) {
            // It is killed with the service, or before it.
            System.out.println("A process beside " + Workload.name(pod) + " ended: " + e.getMessage().lines().findFirst().orElse(""));
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while memory was taken", e);
        }
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
