package io.millrace.launcher;

import io.millrace.provisioner.kubernetes.PipelineComponent;
import io.millrace.provisioner.kubernetes.Rollout;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "manifests", mixinStandardHelpOptions = true, description = "Makes the part of a Kubernetes overlay that follows from its pipeline files: the config map that the services mount and "
        + "the denormalizer's scaling triggers. Running it again changes nothing. With --apply it goes on to the cluster: the Job that provisions, then the services; what is as it should be is left alone.")
final class ManifestsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "OVERLAY", description = "Folder of the overlay, with its pipeline files in pipelines/files.")
    private Path overlay;
    @Option(names = "--apply", description = "Apply the overlay afterwards, and wait until the Job has completed and what was changed is rolled out.")
    private boolean apply;
    @Option(names = "--kubeconfig", paramLabel = "FILE", description = "With --apply: which cluster. Default: the one that kubectl is set to.")
    private Path kubeconfig;
    @Option(names = "--kubectl", paramLabel = "PROGRAM", defaultValue = "kubectl", description = "With --apply: the program. Default: ${DEFAULT-VALUE}, in the PATH")
    private String kubectl;
    @Option(names = "--patience", paramLabel = "SECONDS", defaultValue = "600", description = "With --apply: how long the Job, and then each service, may take. Default: ${DEFAULT-VALUE}")
    private int patience;

    @Override
    public Integer call() {
        var component = PipelineComponent.of(overlay);
        var out = spec.commandLine().getOut();
        out.printf(component.write() ? "%s written, for %s%n" : "%s was so already, for %s%n", component.path(), String.join(", ", component.pipelines()));
        if (apply) {
            new Rollout(program(), overlay, patience).run(line -> {
                out.println(line);
                out.flush();
            });
        } else {
            out.printf("Read it, then: ./millrace manifests %s --apply%n", overlay);
        }
        out.flush();
        return 0;
    }

    private List<String> program() {
        return kubeconfig == null ? List.of(kubectl) : List.of(kubectl, "--kubeconfig", kubeconfig.toString());
    }
}
