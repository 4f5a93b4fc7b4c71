package io.millrace.images;

import io.millrace.local.LocalException;
import io.millrace.local.ServiceTraining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A copy of a built service with the AOT cache of a start by the image's own Java: a cache fits exactly the Java it was trained with. */
final class Training {

    /** How long a start and the making of its cache may each take, unless told otherwise. */
    static final Duration PATIENCE = Duration.ofMinutes(3);
    /** The cache holds to the jar's time, and image tars know whole seconds. */
    private static final FileTime EPOCH = FileTime.from(Instant.ofEpochSecond(1));

    private Training() {}

    /**
     * Copies a built application and trains it there.
     *
     * @param application what the build left
     * @param patience how long the start, and then the making of the cache, may take
     * @return the folder, ready to be put into an image
     */
    static Path of(String service, Path application, Path folder, JavaRuntime java, Path pipelines, Duration patience) {
        try {
            Commands.delete(folder);
            copy(application, folder);
            ServiceTraining.train(service, folder, java.program(), pipelines, folder.resolveSibling(service + ".log"), patience);
            return folder;
        } catch (LocalException e) {
            throw new ImageException(e.getMessage(), e);
        } catch (IOException e) {
            throw new ImageException("Training " + service + " in " + folder + " failed: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException("Training " + service + " was interrupted", e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var walk = Files.walk(from)) {
            for (var file : walk.toList()) {
                var target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else if (!file.toString().endsWith(".aot")) {
                    Files.copy(file, target);
                    Files.setLastModifiedTime(target, EPOCH);
                }
            }
        }
    }

    /** How Java starts what was trained. */
    static List<String> start() {
        var arguments = new ArrayList<String>();
        arguments.add("-XX:AOTCache=" + ServiceTraining.CACHE);
        arguments.addAll(ServiceTraining.OPTIONS);
        arguments.addAll(List.of("-jar", "quarkus-run.jar"));
        return List.copyOf(arguments);
    }
}
