package io.millrace.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** The command line as it was built: one jar, what it is linked with, and the list of that, beside it. */
final class CommandLineJar {

    private static final String JAR = "millrace-launcher.jar";
    private static final String LIBRARIES = "lib";
    /** What it is made of, as the build lists it. */
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
        var missing = Stream.of(JAR, SBOM).map(built::resolve).filter(f -> !Files.exists(f)).findFirst();
        if (missing.isPresent()) {
            throw new ImageException("Not built: " + missing.get() + ". Run ./millrace images from the root of the checkout, which builds it, or ./mvnw package -DskipTests -pl deploy/launcher -am", null);
        }
        try {
            Commands.delete(folder);
            Files.createDirectories(folder.resolve(LIBRARIES));
            for (var file : List.of(JAR, SBOM)) {
                Files.copy(built.resolve(file), folder.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
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
