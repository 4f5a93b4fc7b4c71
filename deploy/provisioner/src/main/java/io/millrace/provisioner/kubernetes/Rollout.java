package io.millrace.provisioner.kubernetes;

import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Brings an overlay into a cluster after its pipeline files have changed: the Job that provisions first, so that no service asks for a
 * topic that is not there, then everything else. What already is as the overlay says is not touched.
 */
public final class Rollout {

    private static final Pattern NAMESPACE = Pattern.compile("(?m)^namespace:\\s*(\\S+)");
    private static final Pattern WORKLOAD = Pattern.compile("(deployment|statefulset)\\.apps/(\\S+) (configured|created|serverside-applied)");

    private final List<String> kubectl;
    private final Path overlay;
    private final int patience;

    /**
     * @param kubectl the program, and what tells it which cluster
     * @param overlay its folder; its Job stands in {@code provision}
     * @param patience seconds that the Job, and then each workload, may take
     */
    public Rollout(List<String> kubectl, Path overlay, int patience) {
        this.kubectl = List.copyOf(kubectl);
        this.overlay = overlay;
        this.patience = patience;
    }

    /**
     * @param out receives what was changed in the cluster, line by line
     * @throws ProvisioningException when a step fails; running it again goes on there
     */
    public void run(Consumer<String> out) {
        var provision = overlay.resolve("provision");
        var namespace = namespace(provision.resolve("kustomization.yaml"));
        var limit = "--timeout=" + patience + "s";
        // A Job cannot be changed, and the name of its config map has a hash of the files in it.
        ask("delete", "job", "provision", "-n", namespace, "--ignore-not-found", "--wait");
        changes(ask("apply", "-k", provision.toString())).forEach(out);
        try {
            ask("wait", "-n", namespace, "--for=condition=complete", "job/provision", limit);
        } catch (ProvisioningException e) {
            throw new ProvisioningException("The Job that provisions did not complete within " + patience + " s, so no service was touched. It said: "
                    + ask("logs", "-n", namespace, "job/provision", "--tail=30"), e);
        }
        out.accept("job.batch/provision completed");
        var changed = changes(ask("apply", "-k", overlay.toString()));
        changed.forEach(out);
        for (var line : changed) {
            var workload = WORKLOAD.matcher(line);
            if (workload.matches()) {
                ask("rollout", "status", workload.group(1) + "/" + workload.group(2), "-n", namespace, limit);
                out.accept(workload.group(1) + "/" + workload.group(2) + " rolled out");
            }
        }
    }

    private static List<String> changes(String applied) {
        return applied.lines().filter(line -> !line.isBlank() && !line.endsWith(" unchanged")).toList();
    }

    private static String namespace(Path kustomization) {
        if (!Files.exists(kustomization)) {
            throw new ProvisioningException("There is no file " + kustomization + ", where an overlay has its provisioner's Job; nothing was applied. See deploy/kubernetes/README.md", null);
        }
        try {
            var found = NAMESPACE.matcher(Files.readString(kustomization));
            if (!found.find()) {
                throw new ProvisioningException(kustomization + " names no namespace, so it is not known where its Job runs; add 'namespace: NAME' to it", null);
            }
            return found.group(1);
        } catch (IOException e) {
            throw new ProvisioningException("Reading " + kustomization + " failed: " + e.getMessage(), e);
        }
    }

    private String ask(String... arguments) {
        var command = new ArrayList<>(kubectl);
        command.addAll(List.of(arguments));
        var told = String.join(" ", command);
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new ProvisioningException(told + " failed: " + said, null);
            }
            return said;
        } catch (IOException e) {
            throw new ProvisioningException(told + " cannot be run: " + e.getMessage() + ". Install kubectl, or name it with --kubectl", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProvisioningException(told + " was interrupted", e);
        }
    }
}
