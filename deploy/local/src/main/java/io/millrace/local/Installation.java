package io.millrace.local;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where the servers' programs are: {@code lib} (class path of Kafka and OpenSearch, and PostgreSQL's archive) and
 * {@code registry} (Apicurio), as this module's build leaves them in {@code target/servers}.
 *
 * @param folder that folder
 * @param own    jar or class folder of this module
 */
record Installation(Path folder, Path own) {

    /**
     * Looks at the system property {@code millrace.servers}, then beside this module's own jar or classes, then under
     * {@code millrace.home}, the root of a checkout.
     *
     * @throws LocalException when the servers are at none of these places
     */
    static Installation find() {
        var own = ownLocation();
        var candidates = Stream.of(
                Optional.ofNullable(System.getProperty("millrace.servers")).map(Path::of),
                Optional.of(own.resolveSibling("servers")),
                Optional.ofNullable(System.getProperty("millrace.home")).map(home -> Path.of(home, "deploy", "local", "target", "servers")))
                .flatMap(Optional::stream).map(p -> p.toAbsolutePath().normalize()).toList();
        return candidates.stream().filter(c -> Files.isDirectory(c.resolve("lib")) && Files.isDirectory(c.resolve("registry"))).findFirst()
                .map(c -> new Installation(c, own))
                .orElseThrow(() -> new LocalException("The servers' programs are in none of " + candidates
                        + ". Build them: ./mvnw -f deploy/local/pom.xml package -DskipTests"));
    }

    private static Path ownLocation() {
        try {
            return Path.of(Installation.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    Path registryJar() {
        return folder.resolve("registry").resolve("quarkus-run.jar");
    }

    /** JVM arguments that run one of this module's server classes, which are in {@code lib} too: an AOT cache holds only what is on one class path of jars. */
    List<String> run(String main, String... arguments) {
        return Stream.concat(Stream.of("-cp", folder.resolve("lib") + "/*", Installation.class.getPackageName() + "." + main), Stream.of(arguments)).toList();
    }

    /** JVM arguments for the AOT cache that {@link Training} made of a server's start. */
    List<String> trained(String server) {
        return ProcessSpec.cached(cache(server));
    }

    Path cache(String server) {
        return folder.resolve(server + ".aot");
    }

    /** The file in {@code lib} whose name starts so. */
    Path library(String prefix) {
        try (var files = Files.list(folder.resolve("lib"))) {
            return files.filter(f -> f.getFileName().toString().startsWith(prefix)).findFirst()
                    .orElseThrow(() -> new LocalException("No " + prefix + "* in " + folder.resolve("lib")
                            + ". Build it: ./mvnw -f deploy/local/pom.xml package -DskipTests"));
        } catch (IOException e) {
            throw new LocalException("Reading " + folder.resolve("lib") + " failed", e);
        }
    }
}
