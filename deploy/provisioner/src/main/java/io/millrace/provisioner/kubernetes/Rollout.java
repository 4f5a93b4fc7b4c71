package io.millrace.provisioner.kubernetes;

import io.millrace.provisioner.ProvisioningException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Brings an overlay into a cluster after its pipeline files have changed. Everything is rendered before anything is touched. Then the
 * way to servers outside, where the overlay has a folder {@code servers}; the Job that provisions, so that no service asks for a topic
 * that is not there; and the overlay itself. It ends when every workload of the overlay is rolled out, also those of an earlier run.
 */
public final class Rollout {

    private static final Duration BEAT = Duration.ofSeconds(1);

    private final Kubectl kubectl;
    private final Path overlay;
    private final Duration patience;

    /**
     * @param overlay its folder; its Job stands in {@code provision}
     * @param patience how long a Job that runs already, the Job, and then each workload, may take
     */
    public Rollout(Kubectl kubectl, Path overlay, Duration patience) {
        this.kubectl = kubectl;
        this.overlay = overlay;
        this.patience = patience;
    }

    /**
     * @param out receives which cluster it is and what was done in it, line by line
     * @throws ProvisioningException when a step fails; running it again goes on there
     */
    public void run(Consumer<String> out) {
        var provision = overlay.resolve("provision");
        if (!Files.isDirectory(provision)) {
            throw new ProvisioningException("There is no folder " + provision + ", where an overlay has its provisioner's Job; nothing was applied. See deploy/kubernetes/README.md", null);
        }
        var job = Rendered.of(kubectl.ask("kustomize", provision.toString()), provision).job(provision);
        var rendered = Rendered.of(kubectl.ask("kustomize", overlay.toString()), overlay);
        out.accept("cluster " + kubectl.ask("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}") + ", namespace " + job.namespace());
        if (Files.isDirectory(overlay.resolve("servers"))) {
            apply(overlay.resolve("servers"), out);
        }
        replaceJob(job, out);
        apply(provision, out);
        awaitJob(job);
        out.accept("job.batch/" + job.name() + " completed");
        apply(overlay, out);
        rendered.items().forEach(item -> awaitRollout(item, out));
    }

    private void apply(Path folder, Consumer<String> out) {
        kubectl.ask("apply", "-k", folder.toString()).lines().filter(line -> !line.isBlank() && !line.endsWith(" unchanged")).forEach(out);
    }

    /** A Job cannot be changed, and one that works is not to be cut off. */
    private void replaceJob(Rendered.Item job, Consumer<String> out) {
        long end = System.nanoTime() + patience.toNanos();
        while (!state(job, "{.status.active}").isEmpty() && ended(job).isEmpty()) {
            if (System.nanoTime() > end) {
                throw new ProvisioningException("The Job " + job.name() + " of an earlier run still works after " + patience.toSeconds() + " s and is left alone; run this again when it has ended", null);
            }
            pause();
        }
        if (!state(job, "{.metadata.name}").isEmpty()) {
            out.accept(kubectl.ask("delete", "job", job.name(), "-n", job.namespace(), "--ignore-not-found", "--cascade=foreground", "--wait"));
        }
    }

    private void awaitJob(Rendered.Item job) {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            var ended = ended(job);
            if (ended.contains("Complete")) {
                return;
            }
            if (ended.contains("Failed") || System.nanoTime() > end) {
                throw new ProvisioningException("The Job " + job.name() + (ended.contains("Failed") ? " failed" : " did not end within " + patience.toSeconds() + " s") + ", so no service was touched.\nIts pods: "
                        + kubectl.tell("get", "pods", "-n", job.namespace(), "-l", "job-name=" + job.name()) + "\nIt said: " + kubectl.tell("logs", "-n", job.namespace(), "job/" + job.name(), "--tail=30"), null);
            }
            pause();
        }
    }

    /** The conditions that hold: {@code Complete} or {@code Failed} among them when it has ended. */
    private String ended(Rendered.Item job) {
        return state(job, "{.status.conditions[?(@.status==\"True\")].type}");
    }

    private String state(Rendered.Item job, String what) {
        return kubectl.ask("get", "job", job.name(), "-n", job.namespace(), "--ignore-not-found", "-o", "jsonpath=" + what);
    }

    private void awaitRollout(Rendered.Item item, Consumer<String> out) {
        var limit = "--timeout=" + patience.toSeconds() + "s";
        if (item.isWorkload()) {
            kubectl.ask("rollout", "status", item.kind().toLowerCase(Locale.ROOT) + "/" + item.name(), "-n", item.namespace(), limit);
            out.accept(item.kind() + "/" + item.name() + " is rolled out");
        } else if (item.isKnative()) {
            kubectl.ask("wait", "--for=condition=Ready", "services.serving.knative.dev/" + item.name(), "-n", item.namespace(), limit);
            out.accept("Knative Service/" + item.name() + " is ready");
        }
    }

    private static void pause() {
        try {
            Thread.sleep(BEAT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProvisioningException("Interrupted while waiting for a Job", e);
        }
    }
}
