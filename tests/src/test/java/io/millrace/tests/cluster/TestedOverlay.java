package io.millrace.tests.cluster;

import io.millrace.provisioner.kubernetes.PipelineComponent;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** A copy of {@code deploy/kubernetes} with an overlay that is made of {@code external-example} as its README tells a user to make one. */
final class TestedOverlay {

    static final String NAMESPACE = "millrace";
    private static final Set<String> COPIED = Set.of("base", "components", "dependencies", "provision", "demo", "overlays");
    /** A small machine's burst is small and its starts are slow: thresholds divided by 10, waits of minutes made half of one, probes with patience. */
    private static final String SMALL_MACHINE = """
            apiVersion: kustomize.config.k8s.io/v1alpha1
            kind: Component
            patches:
              - target: {kind: ScaledObject}
                patch: |-
                  - {op: replace, path: /spec/cooldownPeriod, value: 30}
                  - {op: replace, path: /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/stabilizationWindowSeconds, value: 30}
                  - {op: replace, path: /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/policies/0/periodSeconds, value: 15}
              - target: {kind: ScaledObject, name: (schema-registry-gate|denormalizer-service)}
                patch: '[{"op": "replace", "path": "/spec/triggers/0/metadata/lagThreshold", "value": "2000"}]'
              - target: {kind: ScaledObject, name: (search-indexer|purge-service)}
                patch: '[{"op": "replace", "path": "/spec/triggers/0/metadata/lagThreshold", "value": "1000"}]'
              - target: {kind: (Deployment|StatefulSet)}
                patch: |-
                  - {op: replace, path: /spec/template/spec/containers/0/resources/requests/cpu, value: 20m}
                  - {op: replace, path: /spec/template/spec/containers/0/startupProbe/failureThreshold, value: 300}
                  - {op: replace, path: /spec/template/spec/containers/0/startupProbe/timeoutSeconds, value: 20}
                  - {op: replace, path: /spec/template/spec/containers/0/livenessProbe/timeoutSeconds, value: 60}
                  - {op: replace, path: /spec/template/spec/containers/0/readinessProbe/timeoutSeconds, value: 30}
            """;

    private final Path folder;

    private TestedOverlay(Path folder) {
        this.folder = folder;
    }

    /** Makes it anew in a folder, with the demo's pipeline of monitors. */
    static TestedOverlay make(Path work, ServersFile servers) {
        try {
            DemoStack.delete(work);
            copy(DemoStack.home().resolve("deploy/kubernetes"), work);
            var overlay = new TestedOverlay(work.resolve("overlays/external-example"));
            var plain = !servers.search().startsWith("https:");
            overlay.write("region.env", "kafka=%s%nregistry=%s%nsearch=%s%nsearch-allow-plain=%s%nreplication=1%n".formatted(servers.kafka(), servers.registry(), servers.search(), plain));
            overlay.write("servers/addresses.env", "postgres=%1$s%nkafka=%1$s%nregistry=%1$s%nsearch=%1$s%n".formatted(servers.cidr()));
            overlay.change("provision/regions.yaml", "kafka.example.com:9093", servers.kafka());
            overlay.change("provision/regions.yaml", "https://registry.example.com:8080/apis/registry/v3", servers.registry());
            overlay.change("provision/regions.yaml", "https://search.example.com:9200", servers.search());
            overlay.change("provision/regions.yaml", "password: {env: MILLRACE_SEARCH_PASSWORD}}", "password: {env: MILLRACE_SEARCH_PASSWORD}, allow-plain: \"" + plain + "\"}");
            overlay.change("provision/regions.yaml", "replication: 3", "replication: 1");
            Files.createDirectories(work.resolve("components/tested"));
            overlay.write("../../components/tested/kustomization.yaml", SMALL_MACHINE);
            // Before the pipelines, whose triggers are copies of the first one.
            overlay.change("kustomization.yaml", "  - ../../components/small\n", "  - ../../components/scale-to-zero\n  - ../../components/small\n  - ../../components/tested\n");
            overlay.addPipeline("monitors");
            return overlay;
        } catch (IOException e) {
            throw new UncheckedIOException("Making the overlay in " + work + " failed", e);
        }
    }

    /** What {@code kubectl apply -k} is given. */
    String path(String part) {
        return folder.resolve(part).normalize().toString();
    }

    /** Puts one of the demo's pipeline files into the overlay and has made what follows from it, as {@code ./millrace manifests} does. */
    void addPipeline(String name) throws IOException {
        Files.writeString(folder.resolve("pipelines/files").resolve(name + ".yaml"), Files.readString(DemoStack.home().resolve("deploy/demo/pipelines").resolve(name + ".yaml")));
        PipelineComponent.of(folder).write();
    }

    /** Has a service run another version. */
    void setTag(String service, String tag) throws IOException {
        var text = read("kustomization.yaml");
        var changed = text.replaceFirst("(newName: docker.io/millrace/" + service + "\\n    newTag: ).*", "$1" + tag);
        if (changed.equals(text) && !text.contains(service + "\n    newTag: " + tag)) {
            throw new IllegalStateException("The overlay names no image of " + service);
        }
        write("kustomization.yaml", changed);
    }

    private void change(String file, String from, String to) throws IOException {
        var text = read(file);
        if (!text.contains(from)) {
            throw new IllegalStateException(folder.resolve(file) + " does not say '" + from + "', which is to be replaced");
        }
        write(file, text.replace(from, to));
    }

    private String read(String file) throws IOException {
        return Files.readString(folder.resolve(file));
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> files;
        try (var walk = Files.walk(from)) {
            files = walk.filter(Files::isRegularFile).filter(file -> COPIED.contains(from.relativize(file).getName(0).toString())).toList();
        }
        for (var file : files) {
            var copy = to.resolve(from.relativize(file));
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy);
        }
    }
}
