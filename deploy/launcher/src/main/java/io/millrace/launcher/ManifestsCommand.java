package io.millrace.launcher;

import io.millrace.provisioner.kubernetes.Kubectl;
import io.millrace.provisioner.kubernetes.PipelineComponent;
import io.millrace.provisioner.kubernetes.Rollout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "manifests", mixinStandardHelpOptions = true, description = "Makes the part of a Kubernetes overlay that follows from its pipeline files: the config map that the services mount and "
        + "the denormalizer's scaling triggers. Running it again changes nothing. With --apply it goes on to a cluster that is named: the Job that provisions, anew, then the services.")
final class ManifestsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "OVERLAY", description = "Folder of the overlay, with its pipeline files in pipelines/files.")
    private Path overlay;
    @Option(names = "--apply", description = "Apply the overlay afterwards to the cluster of --context or --kubeconfig, and wait until the Job has completed and every workload is rolled out. "
            + "What it would change is told by: kubectl diff -k OVERLAY")
    private boolean apply;
    @Option(names = "--context", paramLabel = "NAME", description = "With --apply: the cluster, by the name of a context of kubectl's.")
    private String context;
    @Option(names = "--kubeconfig", paramLabel = "FILE", description = "With --apply: the cluster, by a file of kubectl's.")
    private Path kubeconfig;
    @Option(names = "--kubectl", paramLabel = "PROGRAM", defaultValue = "kubectl", description = "With --apply: the program. Default: ${DEFAULT-VALUE}, in the PATH")
    private String kubectl;
    @Within(of = "seconds", from = 1)
    @Option(names = "--patience", paramLabel = "SECONDS", defaultValue = "600", description = "With --apply: how long the Job, and then each workload, may take. Default: ${DEFAULT-VALUE}")
    private int patience;

    @Override
    public Integer call() {
        requireSense();
        var component = PipelineComponent.of(overlay);
        var out = spec.commandLine().getOut();
        out.printf(component.write() ? "%s written, for %s%n" : "%s was so already, for %s%n", component.path(), String.join(", ", component.pipelines()));
        if (apply) {
            new Rollout(new Kubectl(program()), overlay, Duration.ofSeconds(patience)).run(line -> {
                out.println(line);
                out.flush();
            });
        } else {
            out.printf("Read it, then: ./millrace manifests %s --apply --context NAME%n", overlay);
        }
        out.flush();
        return 0;
    }

    /** A cluster that nobody named may be anybody's. */
    private void requireSense() {
        boolean named = context != null || kubeconfig != null;
        if (apply && !named) {
            throw new UsageException("Say which cluster: --context NAME or --kubeconfig FILE. What kubectl happens to be set to is not taken");
        }
        if (named && !apply) {
            throw new UsageException("--context and --kubeconfig belong to --apply; without it no cluster is touched");
        }
    }

    private List<String> program() {
        var program = new ArrayList<>(List.of(kubectl));
        if (kubeconfig != null) {
            program.addAll(List.of("--kubeconfig", kubeconfig.toString()));
        }
        if (context != null) {
            program.addAll(List.of("--context", context));
        }
        return program;
    }
}
