package io.millrace.images;

import com.google.cloud.tools.jib.api.CacheDirectoryCreationException;
import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryException;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * One program's image: Java, application and AOT cache in layers of their own, so that a new version moves only what changed. It runs
 * as a user without rights, and writes nowhere but /tmp and where volumes are.
 *
 * @param base an image of a registry, or {@code scratch}
 * @param application its folder, which is the working folder
 * @param arguments what Java is started with
 */
record Image(String name, String base, JavaRuntime java, Path application, List<String> arguments) {

    private static final String SCRATCH = "scratch";
    private static final String USER = "10001:10001";
    private static final String JAVA = "/opt/java";
    private static final String APPLICATION = "/deployments";

    void writeTo(Path tar) {
        writeTo(tar, base.equals(SCRATCH) ? java.libraries() : List.of());
    }

    /** @param libraries of this machine, which the image takes along where its base has none */
    void writeTo(Path tar, List<Path> libraries) {
        try {
            var image = base.equals(SCRATCH) ? Jib.fromScratch() : Jib.from(base);
            if (!libraries.isEmpty()) {
                image.addFileEntriesLayer(machine(libraries));
            }
            image.addFileEntriesLayer(layer("java", java.folder(), JAVA));
            image.addFileEntriesLayer(layer("application", application, APPLICATION));
            start(image).containerize(Containerizer.to(TarImage.at(tar).named(name)).setToolName("millrace").setApplicationLayersCache(tar.resolveSibling("layers")).setBaseImageLayersCache(tar.resolveSibling("base-layers")));
        } catch (InvalidImageReferenceException e) {
            throw new ImageException("'" + name + "' or '" + base + "' is no name of an image: " + e.getMessage(), e);
        } catch (IOException | RegistryException | CacheDirectoryCreationException | ExecutionException e) {
            throw new ImageException("Making the image " + name + " from " + base + " failed: " + e.getMessage() + "; where no registry can be reached, use --base scratch", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException("Making the image " + name + " was interrupted", e);
        }
    }

    private JibContainerBuilder start(JibContainerBuilder image) {
        var command = new ArrayList<String>();
        command.add(JAVA + "/bin/java");
        command.addAll(arguments);
        return image.setEntrypoint(command).setWorkingDirectory(AbsoluteUnixPath.get(APPLICATION)).setUser(USER).setCreationTime(Instant.EPOCH);
    }

    private static FileEntriesLayer machine(List<Path> libraries) throws IOException {
        var layer = FileEntriesLayer.builder().setName("machine");
        for (var library : libraries) {
            add(layer, library.toRealPath(), library.toString());
        }
        return layer.build();
    }

    private static FileEntriesLayer layer(String name, Path folder, String at) throws IOException {
        var layer = FileEntriesLayer.builder().setName(name);
        try (var walk = Files.walk(folder)) {
            for (var file : walk.filter(Files::isRegularFile).sorted().toList()) {
                add(layer, file, at + "/" + folder.relativize(file));
            }
        }
        return layer.build();
    }

    /** The time is kept: the AOT cache holds to it. */
    private static void add(FileEntriesLayer.Builder layer, Path file, String at) throws IOException {
        layer.addEntry(file, AbsoluteUnixPath.get(at), FilePermissions.fromOctalString(Files.isExecutable(file) ? "755" : "644"), Files.getLastModifiedTime(file).toInstant());
    }
}
