package io.millrace.images;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command behind {@code ./millrace images}. */
@Command(name = "images", mixinStandardHelpOptions = true, description = "Makes a container image of each service as a tar, with a Java of its own and an AOT cache from a trained start. Needs no container engine.")
public final class Images implements Callable<Integer> {

    private static final List<String> SERVICES = List.of("capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service", "console");

    @Option(names = "--base", defaultValue = "scratch", description = "What the images stand on: an image of a registry that has the GNU C library (debian:trixie-slim), or 'scratch', which takes this machine's. Default: ${DEFAULT-VALUE}")
    private String base;
    @Option(names = "--tag", defaultValue = "0.1.0-SNAPSHOT", description = "Version of the images. Default: ${DEFAULT-VALUE}")
    private String tag;
    @Option(names = "--repository", defaultValue = "docker.io/millrace", description = "What stands before the services' names. Default: ${DEFAULT-VALUE}")
    private String repository;
    @Option(names = "--try", description = "Unpack each image afterwards and start it in there, with nothing else of this machine. Needs unshare and, with a base other than 'scratch', a registry.")
    private boolean trial;
    @Parameters(paramLabel = "SERVICE", description = "Which services. Default: all of them.")
    private List<String> services = new ArrayList<>();

    public static void main(String[] args) {
        System.exit(new CommandLine(new Images()).setExecutionExceptionHandler((failure, command, arguments) -> {
            if (failure instanceof ImageException) {
                command.getErr().println(failure.getMessage());
            } else {
                failure.printStackTrace(command.getErr());
            }
            return CommandLine.ExitCode.SOFTWARE;
        }).execute(args));
    }

    @Override
    public Integer call() {
        var home = Path.of(System.getProperty("millrace.home", "."));
        var folder = home.resolve("deploy/images/target");
        var unknown = services.stream().filter(s -> !SERVICES.contains(s)).toList();
        if (!unknown.isEmpty()) {
            throw new ImageException("There is no service " + String.join(", ", unknown) + "; there are " + String.join(", ", SERVICES), null);
        }
        var java = JavaRuntime.in(folder.resolve("java"));
        for (var service : services.isEmpty() ? SERVICES : services) {
            var application = home.resolve(module(service)).resolve("target/quarkus-image");
            if (!Files.exists(application.resolve("quarkus-run.jar"))) {
                throw new ImageException("Not built: " + application + ". Run ./millrace images from the root of the checkout, which builds it, or ./mvnw package -Pimage -DskipTests -pl " + module(service) + " -am", null);
            }
            var trained = Training.of(service, application, folder.resolve("applications").resolve(service), java, home.resolve("deploy/demo/pipelines"));
            var tar = folder.resolve(service + ".tar");
            new Image(repository + "/" + service + ":" + tag, base, java, trained).writeTo(tar);
            System.out.printf("%s  %,d MB (application %,d MB, of it AOT cache %,d MB; Java %,d MB)%n", home.relativize(tar), Sizes.megabytes(tar), Sizes.megabytes(trained),
                    Sizes.megabytes(trained.resolve(Training.CACHE)), Sizes.megabytes(java.folder()));
            if (trial) {
                System.out.printf("  started from its tar: answers after %,d ms%n", Trial.of(tar, service, folder.resolve("trial").resolve(service), home.resolve("deploy/demo/pipelines")).toMillis());
            }
        }
        return 0;
    }

    /** The service's folder in the checkout. */
    private static String module(String service) {
        return service.equals("console") ? "deploy/console" : service;
    }
}
