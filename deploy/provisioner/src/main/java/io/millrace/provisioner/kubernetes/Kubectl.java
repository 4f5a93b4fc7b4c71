package io.millrace.provisioner.kubernetes;

import io.millrace.provisioner.ProvisioningException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** kubectl as a process, for one cluster that somebody named. */
public final class Kubectl {

    private final List<String> command;

    /** @param command the program, and the options that tell it which cluster */
    public Kubectl(List<String> command) {
        this.command = List.copyOf(command);
    }

    /**
     * @return what it said on standard output
     * @throws ProvisioningException with what it said on standard error, when it fails
     */
    String ask(String... arguments) {
        var all = new ArrayList<>(command);
        all.addAll(List.of(arguments));
        var told = String.join(" ", all);
        try {
            var process = new ProcessBuilder(all).start();
            process.getOutputStream().close();
            var errors = CompletableFuture.supplyAsync(() -> read(process.errorReader(StandardCharsets.UTF_8)));
            var said = read(process.inputReader(StandardCharsets.UTF_8)).strip();
            if (process.waitFor() != 0) {
                throw new ProvisioningException(told + " failed: " + (errors.join() + said).strip(), null);
            }
            return said;
        } catch (IOException e) {
            throw new ProvisioningException(told + " cannot be run: " + e.getMessage() + ". Install kubectl, or name it with --kubectl", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProvisioningException(told + " was interrupted", e);
        }
    }

    /** The same for what only explains a failure: what it said, or why it said nothing. */
    String tell(String... arguments) {
        try {
            return ask(arguments);
        } catch (ProvisioningException e) {
            return "(" + e.getMessage() + ")";
        }
    }

    private static String read(BufferedReader reader) {
        return String.join("\n", reader.lines().toList());
    }
}
