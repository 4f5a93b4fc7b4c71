package io.millrace.pipeline.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A key of a Secret of the cluster that {@code kubectl} is set to. Its value comes by the output of kubectl, so it stands on no
 * command line and in no file.
 *
 * @param namespace of the Secret
 * @param name of the Secret
 * @param key in it
 */
public record KubernetesSecret(String namespace, String name, String key) implements Reference {

    private static final int SECONDS = 30;

    @Override
    public String resolve(Function<String, String> environment) {
        var command = List.of("kubectl", "--namespace", namespace, "get", "secret", name, "--output", "go-template={{index .data \"" + key + "\" | base64decode}}");
        try {
            var process = new ProcessBuilder(command).start();
            process.getOutputStream().close();
            var value = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            var complaint = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0 || value.isEmpty()) {
                throw new IllegalStateException("The key " + key + " of the secret " + namespace + "/" + name + " cannot be read with kubectl: " + (complaint.isEmpty() ? "it is not there" : complaint)
                        + "; check kubectl's context and the right to get this secret");
            }
            return value.stripTrailing();
        } catch (IOException e) {
            throw new IllegalStateException("The secret " + namespace + "/" + name + " is read with kubectl, which cannot be started (" + e.getMessage() + "); install it, or refer to an environment variable or a file", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Reading the secret " + namespace + "/" + name + " was interrupted", e);
        }
    }
}
