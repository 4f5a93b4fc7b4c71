package io.millrace.tests.bench.report;

import io.millrace.local.LocalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where and of what a report was measured; parts are of one report only where all of this is the same.
 *
 * @param cpu the processors' model, as the kernel names it
 * @param processors that Java sees
 * @param memoryMebibytes of the machine, to the nearest 64, for the kernel's own share differs from start to start
 * @param java its full version
 * @param compilers what the services were started with: {@code as up starts them}, {@code both} or {@code the first alone}
 * @param commit with {@code and changes} where the checkout had changes that were not committed
 */
public record Machine(String cpu, int processors, long memoryMebibytes, String kernel, String java, String compilers, String commit) {

    private static final int MEBIBYTES = 64;

    static Machine here(Path checkout) throws InterruptedException {
        return new Machine(first(Path.of("/proc/cpuinfo"), "model name"), Runtime.getRuntime().availableProcessors(), memory(first(Path.of("/proc/meminfo"), "MemTotal")),
                System.getProperty("os.name") + " " + System.getProperty("os.version"), System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"), startedWith(), commit(checkout));
    }

    private static String startedWith() {
        return switch (System.getProperty("millrace.short-lived", "")) {
            case "true" -> "the first alone";
            case "false" -> "both";
            default -> "as up starts them";
        };
    }

    private static String commit(Path checkout) throws InterruptedException {
        var commit = git(checkout, "rev-parse", "--short=12", "HEAD");
        return commit.isEmpty() ? "unknown" : git(checkout, "status", "--porcelain", "--untracked-files=no").isEmpty() ? commit : commit + " and changes";
    }

    /** Empty where there is no git, or no repository of it. */
    private static String git(Path checkout, String... words) throws InterruptedException {
        var command = new ArrayList<>(List.of("git", "-C", checkout.toString()));
        command.addAll(List.of(words));
        try {
            var process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? said : "";
        } catch (IOException e) {
            return "";
        }
    }

    /** @param memory as {@code 24605412 kB} */
    private static long memory(String memory) {
        var digits = memory.replaceAll("[^0-9]", "");
        return digits.isEmpty() ? 0 : Math.round(Long.parseLong(digits) / 1024.0 / MEBIBYTES) * MEBIBYTES;
    }

    /** The value of the first line {@code name : value}; {@code unknown} where there is none, as of the model on some processors. */
    private static String first(Path file, String name) {
        try (var lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name)).map(line -> line.substring(line.indexOf(':') + 1).strip()).findFirst().orElse("unknown");
        } catch (IOException | UncheckedIOException e) {
            throw new LocalException("Reading " + file + " for the description of the machine failed: " + e.getMessage() + ". The bench runs on Linux alone", e);
        }
    }

    /** Jobs that ran or waited to, over the last minute. */
    static double loadAverage() {
        try {
            return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
        } catch (IOException e) {
            throw new LocalException("Reading /proc/loadavg failed: " + e.getMessage() + ". The bench runs on Linux alone", e);
        }
    }
}
