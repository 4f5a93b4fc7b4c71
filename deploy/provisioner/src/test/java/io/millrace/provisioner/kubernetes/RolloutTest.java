package io.millrace.provisioner.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In which order a cluster is asked for what, by a program in kubectl's place that notes it; that real clusters do it is for the suite in one. */
class RolloutTest {

    private static final String PROGRAM = """
            #!/bin/sh
            cd "${0%/*}"
            echo "$*" >> asked
            case "$*" in
              kustomize*/provision) cat provision.yaml ;;
              kustomize*) cat overlay.yaml ;;
              config*) printf https://cluster.test ;;
              *.status.active*) cat active ;;
              *.status.conditions*) cat conditions ;;
              *.metadata.name*) cat job ;;
              apply*) cat applied ;;
              delete*) echo 'job.batch "provision" deleted' ;;
              rollout*|logs*) if [ -e "$1.failure" ]; then cat "$1.failure" >&2; exit 1; fi ;;
            esac
            """;
    private static final String JOB = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: "shop"}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: provision, namespace: "shop"}
            """;
    private static final String OVERLAY = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: capture-service, namespace: shop}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: denormalizer-service, namespace: shop}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: console, namespace: shop}
            ---
            apiVersion: serving.knative.dev/v1
            kind: Service
            metadata: {name: purge-service-http, namespace: shop}
            """;

    @TempDir
    private Path folder;
    private Path overlay;
    private final List<String> told = new ArrayList<>();

    @BeforeEach
    void anOverlayAndACluster() throws IOException {
        overlay = folder.resolve("mine");
        Files.createDirectories(overlay.resolve("provision"));
        Files.createDirectories(overlay.resolve("servers"));
        for (var file : List.of("active", "conditions", "job", "applied", "asked")) {
            put(file, "");
        }
        put("provision.yaml", JOB);
        put("overlay.yaml", OVERLAY);
        put("conditions", "SuccessCriteriaMet Complete");
        put("kubectl", PROGRAM);
        assertTrue(folder.resolve("kubectl").toFile().setExecutable(true));
    }

    @Test
    void theWayToTheServersComesFirstThenTheJobAndOnlyThenTheServices() throws IOException {
        put("job", "provision");
        put("applied", "configmap/pipelines-1 created\nservice/console unchanged\n");
        roll();
        assertEquals(List.of("kustomize MINE/provision", "kustomize MINE", "config view", "apply -k MINE/servers", "delete job provision -n shop", "apply -k MINE/provision", "apply -k MINE",
                "rollout status deployment/capture-service", "rollout status statefulset/denormalizer-service", "wait --for=condition=Ready services.serving.knative.dev/purge-service-http"), asked());
        assertEquals(List.of("cluster https://cluster.test, namespace shop", "configmap/pipelines-1 created", "job.batch \"provision\" deleted", "configmap/pipelines-1 created", "job.batch/provision completed",
                "configmap/pipelines-1 created", "Deployment/capture-service is rolled out", "StatefulSet/denormalizer-service is rolled out", "Knative Service/purge-service-http is ready"), told);
    }

    @Test
    void aRolloutThatFailedFailsAgainAlthoughNothingIsLeftToChange() throws IOException {
        put("rollout.failure", "timed out waiting for the condition");
        put("applied", "deployment.apps/capture-service configured\n");
        assertTrue(assertThrows(ProvisioningException.class, this::roll).getMessage().contains("timed out waiting"));
        put("applied", "deployment.apps/capture-service unchanged\n");
        assertTrue(assertThrows(ProvisioningException.class, this::roll).getMessage().contains("timed out waiting"));
    }

    @Test
    void aJobThatFailedIsToldWithWhatItSaidAndNoServiceIsTouched() throws IOException {
        put("conditions", "FailureTarget Failed");
        put("logs.failure", "container provisioner is waiting to start");
        var failure = assertThrows(ProvisioningException.class, this::roll).getMessage();
        assertTrue(failure.startsWith("The Job provision failed, so no service was touched"), failure);
        assertTrue(failure.contains("is waiting to start"), failure);
        assertEquals("apply -k MINE/provision", asked().stream().filter(line -> line.startsWith("apply")).reduce((first, second) -> second).orElseThrow());
    }

    @Test
    void aJobThatDoesNotEndIsGivenUpAfterThePatience() throws IOException {
        put("conditions", "");
        assertTrue(assertThrows(ProvisioningException.class, this::roll).getMessage().startsWith("The Job provision did not end within 1 s"));
    }

    @Test
    void aJobThatWorksIsNotCutOff() throws IOException {
        put("active", "1");
        put("conditions", "");
        assertTrue(assertThrows(ProvisioningException.class, this::roll).getMessage().contains("still works after 1 s and is left alone"));
        assertTrue(asked().stream().noneMatch(line -> line.startsWith("delete") || line.startsWith("apply -k MINE/provision")), asked()::toString);
    }

    @Test
    void whatCannotBeRenderedTouchesNothing() throws IOException {
        put("overlay.yaml", "kind: [");
        assertTrue(assertThrows(ProvisioningException.class, this::roll).getMessage().startsWith("What kubectl renders of"));
        put("provision.yaml", OVERLAY);
        assertTrue(assertThrows(ProvisioningException.class, this::roll).getMessage().startsWith("There is no Job in"));
        assertTrue(asked().stream().noneMatch(line -> line.startsWith("delete") || line.startsWith("apply")), asked()::toString);
    }

    @Test
    void aProgramThatIsNotThereIsNamed() {
        var failure = assertThrows(ProvisioningException.class, () -> new Rollout(new Kubectl(List.of(folder.resolve("none").toString())), overlay, Duration.ofSeconds(1)).run(told::add)).getMessage();
        assertTrue(failure.contains("cannot be run") && failure.contains("--kubectl"), failure);
    }

    private void roll() {
        new Rollout(new Kubectl(List.of(folder.resolve("kubectl").toString())), overlay, Duration.ofSeconds(1)).run(told::add);
    }

    /** Without the looks at the Job, and each cut to what it is about. */
    private List<String> asked() throws IOException {
        return Files.readAllLines(folder.resolve("asked")).stream().filter(line -> !line.startsWith("get "))
                .map(line -> line.replace(overlay.toString(), "MINE").replaceAll("^(config view|delete job provision -n shop|(?:rollout status|wait --for=condition=Ready) \\S+) .*", "$1")).toList();
    }

    private void put(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }
}
