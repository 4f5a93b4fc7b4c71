package io.millrace.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The command line as it was built: one jar, what it is linked with, and the list of that, beside it. */
final class CommandLineJar {

    private static final String JAR = "millrace-launcher.jar";
    private static final String LIBRARIES = "lib";
    /** What it is made of, as the build lists it; a build without network lists nothing. */
    private static final String SBOM = "sbom.json";

    private CommandLineJar() {}

    /** How Java starts it; the command's own arguments follow. */
    static List<String> start() {
        return List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dmillrace.home=/tmp", "-jar", JAR);
    }

    /**
     * @param built what the build left
     * @return the folder, ready to be put into an image
     * @throws ImageException where nothing was built
     */
    static Path copy(Path built, Path folder) {
        if (!Files.exists(built.resolve(JAR))) {
            throw new ImageException("Not built: " + built.resolve(JAR) + ". Run ./millrace images from the root of the checkout, which builds it, or ./mvnw package -DskipTests -pl deploy/launcher -am", null);
        }
        try {
            Commands.delete(folder);
            Files.createDirectories(folder.resolve(LIBRARIES));
            Files.copy(built.resolve(JAR), folder.resolve(JAR), StandardCopyOption.COPY_ATTRIBUTES);
            if (Files.exists(built.resolve(SBOM))) {
                Files.copy(built.resolve(SBOM), folder.resolve(SBOM), StandardCopyOption.COPY_ATTRIBUTES);
            }
            try (var libraries = Files.list(built.resolve(LIBRARIES))) {
                for (var library : libraries.toList()) {
                    Files.copy(library, folder.resolve(LIBRARIES).resolve(library.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
            return folder;
        } catch (IOException e) {
            throw new ImageException("Copying the command line from " + built + " to " + folder + " failed: " + e, e);
        }
    }
}
