package io.millrace.images;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.local.LocalException;
import io.millrace.local.Ports;
import io.millrace.local.ServiceTraining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A start of an image without a container engine: the tar is unpacked layer by layer, and its entry point runs with that folder as its
 * root, so that nothing of this machine is there but the kernel, /dev and /proc. Needs {@code unshare} of util-linux.
 */
final class Trial {

    /** Mounts in a namespace of its own, so that nothing is left of them. $1 is the root, $2 the working folder. */
    private static final String ENTER = """
            mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" && root=$1 && folder=$2 && shift 2 && exec unshare --root="$root" --wd="$folder" "$@"
            """;

    private Trial() {}

    /**
     * @return how long it took until the service answered
     * @throws ImageException when it does not answer, with its log
     */
    static Duration of(Path tar, String service, Path folder, Path pipelines, Duration patience) {
        try {
            var root = folder.resolve("root");
            var config = unpackInto(tar, folder, root);
            copy(pipelines, Files.createDirectories(root.resolve("pipelines")));
            return start(config.entryPoint(), config.folder(), service, root, patience);
        } catch (LocalException e) {
            throw new ImageException(e.getMessage(), e);
        } catch (IOException e) {
            throw new ImageException("Trying " + tar + " in " + folder + " failed: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException("Trying " + tar + " was interrupted", e);
        }
    }

    /**
     * @return what its entry point prints when it is given these arguments
     * @throws ImageException when it fails, with what it printed
     */
    static String output(Path tar, List<String> arguments, Path folder) {
        try {
            var root = folder.resolve("root");
            var config = unpackInto(tar, folder, root);
            var command = inside(root, config.folder(), config.entryPoint());
            command.addAll(arguments);
            return Commands.run(folder, command);
        } catch (IOException e) {
            throw new ImageException("Trying " + tar + " in " + folder + " failed: " + e, e);
        }
    }

    private static Config unpackInto(Path tar, Path folder, Path root) throws IOException {
        Commands.delete(folder);
        Files.createDirectories(root);
        var config = unpack(tar, Files.createDirectories(folder.resolve("tar")), root);
        for (var mount : List.of("dev", "proc", "tmp")) {
            Files.createDirectories(root.resolve(mount));
        }
        return config;
    }

    private static List<String> inside(Path root, String workingFolder, List<String> entryPoint) {
        var command = new ArrayList<>(List.of("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", ENTER, "sh", root.toAbsolutePath().toString(), workingFolder));
        command.addAll(entryPoint);
        return command;
    }

    private record Config(List<String> entryPoint, String folder) {}

    private static Config unpack(Path tar, Path parts, Path root) throws IOException {
        var json = new ObjectMapper();
        Commands.run(parts, List.of("tar", "xf", tar.toAbsolutePath().toString()));
        var manifest = json.readTree(parts.resolve("manifest.json").toFile()).get(0);
        for (var layer : manifest.path("Layers")) {
            Commands.run(root, List.of("tar", "xf", parts.resolve(layer.asText()).toAbsolutePath().toString()));
        }
        var config = json.readTree(parts.resolve(manifest.path("Config").asText()).toFile()).path("config");
        var entryPoint = new ArrayList<String>();
        config.path("Entrypoint").forEach(part -> entryPoint.add(part.asText()));
        return new Config(entryPoint, config.path("WorkingDir").asText());
    }

    private static void copy(Path pipelines, Path to) throws IOException {
        try (var files = Files.list(pipelines)) {
            for (var file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private static Duration start(List<String> entryPoint, String workingFolder, String service, Path root, Duration patience) throws IOException, InterruptedException {
        int port = Ports.free(1).getFirst();
        var command = inside(root, workingFolder, entryPoint);
        var log = root.resolveSibling("log");
        var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        process.environment().clear();
        process.environment().put("PATH", System.getenv().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
        process.environment().putAll(ServiceTraining.environment(service, Path.of("/pipelines"), port));
        long began = System.nanoTime();
        var running = process.start();
        try {
            ServiceTraining.awaitAnswer(running, port, List.of("/q/health/started"), service, log, patience);
            return Duration.ofNanos(System.nanoTime() - began);
        } finally {
            running.destroy();
            if (!running.waitFor(1, TimeUnit.MINUTES)) {
                running.destroyForcibly();
            }
        }
    }
}
