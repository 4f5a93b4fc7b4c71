package io.millrace.launcher;

import io.millrace.provisioner.kubernetes.PipelineComponent;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "manifests", mixinStandardHelpOptions = true, description = "Makes the part of a Kubernetes overlay that follows from its pipeline files: the config map that the services mount and "
        + "the denormalizer's scaling triggers. Running it again changes nothing.")
final class ManifestsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "OVERLAY", description = "Folder of the overlay, with its pipeline files in pipelines/files.")
    private Path overlay;

    @Override
    public Integer call() {
        var component = PipelineComponent.of(overlay);
        var out = spec.commandLine().getOut();
        out.printf(component.write() ? "%s written, for %s%nRead it, then: kubectl apply -k %s%n" : "%s was so already, for %s%n", component.path(), String.join(", ", component.pipelines()), overlay);
        out.flush();
        return 0;
    }
}
