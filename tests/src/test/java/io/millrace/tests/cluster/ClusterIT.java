package io.millrace.tests.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.demo.Traffic;
import io.millrace.tests.stack.BackgroundTraffic;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Millrace in a real cluster with KEDA: {@code ./millrace test cluster --kubeconfig FILE --servers FILE}. Every case but the first
 * works on what the first brought there, and ends with the SQL join as the judge.
 */
@Tag("cluster")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterIT {

    private static final int RATE = 60;
    /** How long nothing may move while the index and the database differ; a pod that starts on a busy machine takes its time. */
    private static final Duration STALL = Duration.ofMinutes(4);

    private static Cluster cluster;
    private static Installation installation;
    private static Report report;
    private static long seed = System.nanoTime() & 0xFFFF;

    @BeforeAll
    static void thereIsACluster() throws Exception {
        var kubeconfig = System.getProperty("millrace.cluster.kubeconfig");
        Assumptions.assumeTrue(kubeconfig != null, "No cluster was named, so nothing was tested: ./millrace test cluster --kubeconfig FILE --servers FILE");
        cluster = new Cluster(System.getProperty("millrace.cluster.kubectl", "kubectl"), Path.of(kubeconfig));
        var obstacle = cluster.unreachable();
        Assumptions.assumeTrue(obstacle == null, () -> "The cluster of " + kubeconfig + " does not answer, so nothing was tested: " + obstacle);
        var servers = ServersFile.read(Path.of(System.getProperty("millrace.cluster.servers")));
        report = new Report(Installation.work());
        installation = new Installation(cluster, servers, TestedOverlay.make(Installation.work().resolve("kubernetes"), servers), report);
    }

    @AfterAll
    static void leaveNothing() {
        if (installation != null && !Boolean.getBoolean("millrace.cluster.keep")) {
            installation.remove();
        }
    }

    @Test
    @Order(1)
    void theOverlayAsItsReadmeSaysBringsEveryDocument() throws Exception {
        report.line("## From an empty namespace to every document");
        long began = System.nanoTime();
        installation.prepare();
        installation.secrets();
        installation.demo();
        report.took("tables and rows of the demo", began);
        long provisioning = System.nanoTime();
        installation.provision();
        report.took("the Job that provisions", provisioning);
        long starting = System.nanoTime();
        installation.services();
        report.took("every workload rolled out", starting);
        installation.awaitZeroDifferences(STALL);
        report.took("every document, from the application of the services", starting);
        report.took("in all", began);
        report.line("\n" + PodFigures.table(cluster));
    }

    @Test
    @Order(2)
    void aSecondPipelineArrivesByOneFileAndOnlyWhatNeedsItChanges() throws Exception {
        report.line("## A second pipeline");
        var before = Inventory.of(cluster);
        long began = System.nanoTime();
        try (var traffic = traffic()) {
            awaitMore(traffic, 20);
            installation.addPipeline("dashboards");
            traffic.stop();
        }
        installation.awaitZeroDifferences(STALL);
        report.took("from the file to every document of both", began);
        var changed = withoutScaling(before.difference(Inventory.of(cluster)));
        report.line("The cluster before and after, + made, - gone, ~ changed:\n```\n" + String.join("\n", changed) + "\n```");
        assertEquals(List.of(), changed.stream().filter(line -> line.matches(". (Secret|Service|NetworkPolicy|ServiceAccount|PodDisruptionBudget|TriggerAuthentication)/.*")).toList());
        assertTrue(changed.contains("~ ScaledObject/denormalizer-service"), changed::toString);
        assertEquals(2, cluster.json("get", "scaledobject/denormalizer-service", "-n", TestedOverlay.NAMESPACE).at("/spec/triggers").size());
    }

    @Test
    @Order(3)
    void aBurstIsMetByReplicasAndRestFollows() throws Exception {
        report.line("## A burst");
        var rest = List.of("schema-registry-gate", "search-indexer", "purge-service");
        try (var watch = new ReplicaWatch(cluster)) {
            // It ends where it begins: with nothing of what may rest.
            awaitRest(rest);
            long began = System.nanoTime();
            try (var traffic = BackgroundTraffic.start(this::connect, ++seed, 3_000, Traffic.Mix.STEADY)) {
                Thread.sleep(Duration.ofSeconds(90));
                report.line("- row changes in 90 s: %,d".formatted(traffic.stop().changes()));
                report.line("\n" + PodFigures.table(cluster));
            }
            installation.awaitZeroDifferences(STALL);
            report.took("from the first change until index and database agree", began);
            awaitRest(rest);
            report.took("until everything that may rest does", began);
            watch.writeTo(Installation.work().resolve("burst.csv"));
            ReplicaWatch.SCALED.forEach(stage -> report.line("\n### " + stage + "\n" + watch.table(stage)));
            for (var stage : List.of("schema-registry-gate", "denormalizer-service", "search-indexer")) {
                assertTrue(watch.mostReady(stage) > 1, () -> stage + " had never more than " + watch.mostReady(stage) + " pods ready");
            }
        }
        awakening(rest);
    }

    /** From nothing: one change wakes what rests, and is found. */
    private void awakening(List<String> rest) throws Exception {
        for (var stage : rest) {
            assertEquals(0, Workload.of(cluster, stage).replicas(), stage);
        }
        long began = System.nanoTime();
        try (var traffic = traffic()) {
            awaitMore(traffic, 3);
            traffic.stop();
        }
        installation.awaitZeroDifferences(STALL);
        report.took("from none of gate, indexer and purge to the change in the index", began);
    }

    @ParameterizedTest
    @CsvSource({"capture-service,DELETE", "schema-registry-gate,DELETE", "denormalizer-service,DELETE", "search-indexer,DELETE", "purge-service,DELETE",
        "capture-service,MEMORY", "schema-registry-gate,MEMORY", "denormalizer-service,MEMORY", "search-indexer,MEMORY", "purge-service,MEMORY",
        "capture-service,EVICT", "schema-registry-gate,EVICT", "denormalizer-service,EVICT", "search-indexer,EVICT", "purge-service,EVICT"})
    @Order(5)
    void aPodThatGoesUnderTrafficTakesNothingWithIt(String stage, Loss loss) throws Exception {
        var workload = Workload.of(cluster, stage);
        try (var traffic = traffic()) {
            awaitMore(traffic, 20);
            var pod = workload.awaitReadyPod();
            long began = System.nanoTime();
            loss.of(cluster, pod);
            var time = awaitReplacement(workload, loss, pod, began);
            report.line("- %s, %s: ready again after %s s".formatted(stage, loss, time));
            if (loss == Loss.MEMORY) {
                assertEquals("OOMKilled", workload.awaitReadyPod().at("/status/containerStatuses/0/lastState/terminated/reason").asText());
            }
            awaitMore(traffic, 20);
            traffic.stop();
        }
        installation.awaitZeroDifferences(STALL);
    }

    private static String awaitReplacement(Workload workload, Loss loss, JsonNode gone, long began) {
        Awaitility.await(workload.name() + " is ready again").pollInSameThread().pollInterval(Duration.ofMillis(500)).atMost(Workload.PATIENCE).until(() -> workload.pods().stream().anyMatch(pod -> Workload.isReady(pod)
                && (loss == Loss.MEMORY ? Workload.uid(pod).equals(Workload.uid(gone)) && Workload.restarts(pod) > Workload.restarts(gone) : !Workload.uid(pod).equals(Workload.uid(gone)))));
        return Report.seconds(began);
    }

    @Test
    @Order(6)
    void theNodeIsDrainedUnderTraffic() throws Exception {
        report.line("## The node is drained");
        var node = Workload.of(cluster, "capture-service").awaitReadyPod().at("/spec/nodeName").asText();
        try (var traffic = traffic()) {
            awaitMore(traffic, 20);
            long began = System.nanoTime();
            try {
                report.line("```\n" + cluster.run(Workload.PATIENCE, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--pod-selector=app.kubernetes.io/part-of=millrace",
                        "--timeout=" + Workload.PATIENCE.toSeconds() + "s").strip() + "\n```");
                report.took("drained", began);
            } finally {
                cluster.run("uncordon", node);
            }
            long again = System.nanoTime();
            Workload.STAGES.forEach(stage -> Workload.of(cluster, stage).awaitRollout());
            report.took("every workload ready after the node takes pods again", again);
            traffic.stop();
        }
        installation.awaitZeroDifferences(STALL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service"})
    @Order(4)
    void aStageGoesToTheNextVersionAndBackAloneUnderTraffic(String stage) throws Exception {
        var next = System.getProperty("millrace.cluster.next");
        Assumptions.assumeTrue(next != null, "No next version was named, so no upgrade was tested: --next TAG");
        try (var traffic = traffic()) {
            awaitMore(traffic, 20);
            for (var tag : List.of(next, "0.1.0-SNAPSHOT")) {
                var before = Inventory.of(cluster);
                long began = System.nanoTime();
                installation.overlay().setTag(stage, tag);
                installation.services();
                report.took(stage + " to " + tag, began);
                var workload = Workload.of(cluster, stage);
                assertEquals(List.of("~ " + (workload.kind().equals("statefulset") ? "StatefulSet/" : "Deployment/") + stage), withoutScaling(before.difference(Inventory.of(cluster))));
                assertTrue(workload.awaitReadyPod().at("/spec/containers/0/image").asText().endsWith(":" + tag));
                awaitMore(traffic, 20);
            }
            traffic.stop();
        }
        installation.awaitZeroDifferences(STALL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"schema-registry-gate", "search-indexer", "purge-service", "denormalizer-service", "capture-service"})
    @Order(7)
    void aVersionThatCannotStartLosesNothingAndWhereTwoMayRunTheOldOneGoesOn(String stage) throws Exception {
        var workload = Workload.of(cluster, stage);
        try (var traffic = traffic()) {
            awaitMore(traffic, 20);
            var old = workload.awaitReadyPod();
            installation.overlay().setTag(stage, "never-built");
            cluster.run("apply", "-k", installation.overlay().path("."));
            Awaitility.await(stage + " has a pod that cannot start").pollInSameThread().atMost(Workload.PATIENCE)
                    .until(() -> workload.pods().stream().anyMatch(pod -> pod.at("/spec/containers/0/image").asText().endsWith(":never-built")
                            && pod.at("/status/containerStatuses/0/state/waiting/reason").asText().matches("ErrImage.*|ImagePullBackOff")));
            Thread.sleep(Duration.ofSeconds(20));
            boolean goesOn = workload.pods().stream().anyMatch(pod -> Workload.uid(pod).equals(Workload.uid(old)) && Workload.isReady(pod));
            report.line("- " + stage + " of a version that is not there: the old one " + (goesOn ? "goes on" : "is away until the tag is set back"));
            // The slot lets one reader in, and an instance's volume one process: these two are replaced and not joined.
            assertEquals(!stage.matches("capture-service|denormalizer-service"), goesOn);
            long began = System.nanoTime();
            installation.overlay().setTag(stage, "0.1.0-SNAPSHOT");
            installation.services();
            workload.awaitReadyPod();
            report.took(stage + " ready after the tag was set back", began);
            traffic.stop();
        }
        installation.awaitZeroDifferences(STALL);
    }

    /** Volumes come and go with replicas, and replicas are KEDA's to say. */
    private static List<String> withoutScaling(List<String> changed) {
        return changed.stream().filter(line -> !line.contains("PersistentVolumeClaim/")).toList();
    }

    private BackgroundTraffic traffic() {
        return BackgroundTraffic.start(this::connect, ++seed, RATE, Traffic.Mix.BROAD);
    }

    private Connection connect() throws SQLException {
        return installation.servers().database().getConnection();
    }

    private static void awaitRest(List<String> stages) {
        Awaitility.await("none of " + stages).pollInSameThread().pollInterval(Duration.ofSeconds(2)).atMost(Duration.ofMinutes(15))
                .until(() -> stages.stream().allMatch(stage -> Workload.of(cluster, stage).replicas() == 0 && Workload.of(cluster, stage).pods().isEmpty()));
    }

    private static void awaitMore(BackgroundTraffic traffic, int transactions) {
        long until = traffic.transactions() + transactions;
        Awaitility.await("the traffic goes on").atMost(Duration.ofSeconds(120)).until(() -> traffic.transactions() >= until);
    }
}
