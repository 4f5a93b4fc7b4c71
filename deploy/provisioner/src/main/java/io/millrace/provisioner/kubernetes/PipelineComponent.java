package io.millrace.provisioner.kubernetes;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * The Kustomize component of an overlay that follows from its pipeline files alone: the config map that the services mount, and the
 * denormalizer's triggers, one for each pipeline's consumer group.
 *
 * <p>A trigger is copied from the first one, so that it has whatever threshold and authentication that one has.
 */
public final class PipelineComponent {

    private static final String FILES = "files";
    private static final String COMPONENT = "kustomization.yaml";

    private final Path folder;
    private final List<PipelineFile> pipelines;

    private PipelineComponent(Path folder, List<PipelineFile> pipelines) {
        this.folder = folder;
        this.pipelines = pipelines;
    }

    /**
     * @param overlay a folder with pipeline files in {@code pipelines/files}
     * @throws io.millrace.pipeline.file.InvalidPipelineException when a file is not as it must be
     * @throws ProvisioningException when there is no such folder, or no file in it
     */
    public static PipelineComponent of(Path overlay) {
        var folder = overlay.resolve("pipelines");
        if (!Files.isDirectory(folder.resolve(FILES))) {
            throw new ProvisioningException("There is no folder " + folder.resolve(FILES) + ", where the pipeline files of the overlay " + overlay + " belong", null);
        }
        var pipelines = PipelineFiles.load(List.of(folder.resolve(FILES))).stream().sorted(Comparator.comparing((PipelineFile p) -> p.pipeline().name())).toList();
        if (pipelines.isEmpty()) {
            throw new ProvisioningException("There is no pipeline file in " + folder.resolve(FILES) + "; put one there", null);
        }
        return new PipelineComponent(folder, pipelines);
    }

    /** Where it stands. */
    public Path path() {
        return folder.resolve(COMPONENT);
    }

    /** The names of the pipelines. */
    public List<String> pipelines() {
        return pipelines.stream().map(p -> p.pipeline().name()).toList();
    }

    /** What stands there, or should. */
    public String text() {
        var text = new StringBuilder("""
                apiVersion: kustomize.config.k8s.io/v1alpha1
                kind: Component
                # Made by './millrace manifests' from the files beside it; change those.
                configMapGenerator:
                  - name: pipelines
                    files:
                """);
        pipelines.forEach(p -> text.append("      - ").append(folder.relativize(p.path())).append('\n'));
        text.append("""
                patches:
                  - target:
                      kind: ScaledObject
                      name: denormalizer-service
                    patch: |-
                """);
        for (int number = 1; number < pipelines.size(); number++) {
            text.append("""
                          - op: copy
                            from: /spec/triggers/0
                            path: /spec/triggers/-
                    """);
        }
        for (int number = 0; number < pipelines.size(); number++) {
            text.append("""
                          - op: replace
                            path: /spec/triggers/%d/metadata/consumerGroup
                            value: %s
                    """.formatted(number, Topics.joinGroup(pipelines.get(number).pipeline().name())));
        }
        return text.toString();
    }

    /** @return whether it was not so already */
    public boolean write() {
        try {
            var wanted = text();
            if (Files.exists(path()) && Files.readString(path()).equals(wanted)) {
                return false;
            }
            Files.writeString(path(), wanted);
            return true;
        } catch (IOException e) {
            throw new ProvisioningException("Writing " + path() + " failed: " + e.getMessage(), e);
        }
    }
}
