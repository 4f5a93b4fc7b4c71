package io.millrace.tests.cluster;

import io.millrace.provisioner.kubernetes.Kubectl;
import io.millrace.provisioner.kubernetes.Rollout;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.oracle.Oracles;
import io.millrace.tests.oracle.Settled;
import io.millrace.tests.oracle.SqlOracle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.awaitility.Awaitility;

/** Millrace in the cluster of this run, brought there step by step as {@code deploy/kubernetes/README.md} says. */
final class Installation {

    private static final String NS = TestedOverlay.NAMESPACE;
    private static final Duration JOB = Duration.ofMinutes(8);
    /** A server that is only slow has come by then. */
    private static final int TRIES = 3;

    private final Cluster cluster;
    private final ServersFile servers;
    private final TestedOverlay overlay;
    private final Report report;
    private final List<String> pipelines = new ArrayList<>(List.of("monitors"));

    Installation(Cluster cluster, ServersFile servers, TestedOverlay overlay, Report report) {
        this.cluster = cluster;
        this.servers = servers;
        this.overlay = overlay;
        this.report = report;
    }

    TestedOverlay overlay() {
        return overlay;
    }

    /** The namespace and the way to the servers. */
    void prepare() {
        cluster.run("apply", "-k", overlay.path("servers"));
    }

    /** What people make, or their secret store. */
    void secrets() throws IOException {
        var token = new byte[16];
        ThreadLocalRandom.current().nextBytes(token);
        secret("source", Map.of("url", servers.source(), "user", "millrace", "password", "secret-of-millrace"));
        for (var service : List.of("purge-service", "console")) {
            secret("source-" + service, Map.of("user", "millrace_" + service.replace("-service", ""), "password", "secret-of-" + service));
        }
        secret("source-app", servers.admin().secret());
        secret("source-superuser", servers.admin().secret());
        secret("operator-token", Map.of("token", HexFormat.of().formatHex(token)));
        secret("search", servers.searchUser().secret());
        secretOfFiles("millrace-cluster-ca-cert", Map.of("ca.crt", "ca.crt", "ca.p12", "ca.p12", "ca.password", "ca.password"));
        for (var user : ServersFile.KAFKA_USERS) {
            secretOfFiles(user, Map.of("user.crt", user + ".crt", "user.key", user + ".key", "user.p12", user + ".p12", "user.password", "user.password"));
        }
    }

    private void secretOfFiles(String name, Map<String, String> files) throws IOException {
        var data = new LinkedHashMap<String, byte[]>();
        for (var file : files.entrySet()) {
            data.put(file.getKey(), Files.readAllBytes(servers.certificates().resolve(file.getValue())));
        }
        secretOfBytes(name, data);
    }

    private void secret(String name, Map<String, String> texts) {
        var data = new LinkedHashMap<String, byte[]>();
        texts.forEach((key, text) -> data.put(key, text.getBytes(StandardCharsets.UTF_8)));
        secretOfBytes(name, data);
    }

    private void secretOfBytes(String name, Map<String, byte[]> data) {
        var manifest = new StringBuilder("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\ndata:%n".formatted(name, NS));
        data.forEach((key, bytes) -> manifest.append("  ").append(key).append(": ").append(Base64.getEncoder().encodeToString(bytes)).append('\n'));
        cluster.apply(manifest.toString());
    }

    /** The demo's tables, by its Job; nothing where they have rows already. */
    void demo() throws SQLException {
        try (var connection = servers.maintenance().getConnection(); var statement = connection.createStatement()) {
            try (var found = statement.executeQuery("SELECT 1 FROM pg_database WHERE datname = 'demo'")) {
                if (found.next()) {
                    report.line("- the database demo is there already and is used as it is");
                    return;
                }
            }
            statement.execute("CREATE DATABASE demo");
        }
        job("demo");
    }

    /** Topics, rights, role, publication, indexes' templates: by the provisioner's Job, which is run again where it has run. */
    void provision() {
        job("provision");
    }

    private void job(String name) {
        cluster.run(JOB, "delete", "job", name, "-n", NS, "--ignore-not-found", "--wait");
        cluster.run("apply", "-k", overlay.path(name));
        Awaitility.await("the Job " + name + " has completed").pollInSameThread().pollInterval(Duration.ofSeconds(2)).atMost(JOB).until(() -> {
            if (cluster.json("get", "pods", "-n", NS, "-l", "job-name=" + name).path("items").findValues("restartCount").stream().anyMatch(count -> count.asInt() >= TRIES)) {
                throw new AssertionError("The Job " + name + " fails again and again: " + cluster.run("logs", "-n", NS, "job/" + name, "--tail=50"));
            }
            return cluster.json("get", "job", name, "-n", NS).at("/status/succeeded").asInt() == 1;
        });
    }

    /** The services, as the overlay says now; returns when every workload that does not rest is ready. */
    void services() {
        cluster.run("apply", "-k", overlay.path("."));
        Workload.STAGES.forEach(stage -> Workload.of(cluster, stage).awaitRollout());
        Workload.of(cluster, "console").awaitRollout();
    }

    /** The file of another of the demo's pipelines arrives, and one command brings it into the cluster; what that changed goes to the report. */
    void addPipeline(String name) throws IOException {
        overlay.addPipeline(name);
        report.line("`./millrace manifests OVERLAY --apply` said:\n```");
        new Rollout(new Kubectl(cluster.command()), Path.of(overlay.path(".")), JOB).run(report::line);
        report.line("```");
        pipelines.add(name);
    }

    /** Asks the SQL join until it agrees with the index; fails when it does not come to that. */
    void awaitZeroDifferences(Duration patience) {
        var oracles = new Oracles(servers.database(), new IndexReader(servers.search()), pipelines.stream().map(SqlOracle::of).toList());
        new Settled(oracles, patience, patience.multipliedBy(3)).await().forEach(comparison -> report.line("- " + comparison.describe()));
    }

    ServersFile servers() {
        return servers;
    }

    /** Takes everything out of the cluster; what the servers outside keep, they keep. */
    void remove() {
        cluster.run(Duration.ofMinutes(5), "delete", "namespace", NS, "--ignore-not-found", "--wait");
    }

    static Path work() {
        return Path.of("target", "cluster").toAbsolutePath();
    }
}
