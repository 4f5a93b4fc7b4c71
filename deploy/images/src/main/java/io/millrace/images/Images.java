package io.millrace.images;

import io.millrace.local.Fault;
import io.millrace.local.ServiceTraining;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command behind {@code ./millrace images}. */
@Command(name = "images", mixinStandardHelpOptions = true, description = "Makes a container image of each service as a tar, with a Java of its own and an AOT cache from a trained start, and one of the provisioner. Needs no container engine.")
public final class Images implements Callable<Integer> {

    private static final List<String> SERVICES = List.of("capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service", "console");
    /** The command line, for what runs once: {@code plan} and {@code apply} in a Job. It is not trained, for no AOT cache pays there. */
    private static final String PROVISIONER = "provisioner";
    private static final List<String> ALL = Stream.concat(SERVICES.stream(), Stream.of(PROVISIONER)).toList();

    @Spec
    private CommandSpec spec;
    @Option(names = "--base", defaultValue = "scratch", description = "What the images stand on: an image of a registry that has the GNU C library (debian:trixie-slim), or 'scratch', which takes this machine's. Default: ${DEFAULT-VALUE}")
    private String base;
    @Option(names = "--tag", defaultValue = "0.1.0-SNAPSHOT", description = "Version of the images. Default: ${DEFAULT-VALUE}")
    private String tag;
    @Option(names = "--repository", defaultValue = "docker.io/millrace", description = "What stands before the services' names. Default: ${DEFAULT-VALUE}")
    private String repository;
    @Option(names = "--try", description = "Unpack each image afterwards and start it in there, with nothing else of this machine. Needs unshare and, with a base other than 'scratch', a registry.")
    private boolean trial;
    @Option(names = "--patience", defaultValue = "180", paramLabel = "SECONDS", description = "How long a trained start may take until the service answers, and then until its cache is made. Default: ${DEFAULT-VALUE}")
    private int patience;
    @Parameters(paramLabel = "IMAGE", description = "Which images. Default: all of them, the services' and the provisioner's.")
    private List<String> images = new ArrayList<>();

    public static void main(String[] args) {
        System.exit(new CommandLine(new Images()).setExecutionExceptionHandler((failure, command, arguments) -> {
            if (failure instanceof ImageException) {
                command.getErr().println(failure.getMessage());
            } else {
                command.getErr().println(Fault.told(failure));
            }
            return CommandLine.ExitCode.SOFTWARE;
        }).execute(args));
    }

    @Override
    public Integer call() {
        if (patience < 1) {
            throw new ParameterException(spec.commandLine(), "--patience wants seconds, 1 or more, not " + patience);
        }
        var home = Path.of(System.getProperty("millrace.home", "."));
        var folder = home.resolve("deploy/images/target");
        var unknown = images.stream().filter(i -> !ALL.contains(i)).toList();
        if (!unknown.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "There is no image " + String.join(", ", unknown) + "; there are " + String.join(", ", ALL));
        }
        var java = JavaRuntime.in(folder.resolve("java"));
        for (var image : images.isEmpty() ? ALL : images) {
            if (image.equals(PROVISIONER)) {
                provisioner(home, folder, java);
            } else {
                service(image, home, folder, java);
            }
        }
        return 0;
    }

    private void service(String service, Path home, Path folder, JavaRuntime java) {
        var limit = Duration.ofSeconds(patience);
        var application = home.resolve(module(service)).resolve("target/quarkus-app");
        if (!Files.exists(application.resolve("quarkus-run.jar"))) {
            throw new ImageException("Not built: " + application + ". Run ./millrace images from the root of the checkout, which builds it, or ./mvnw package -DskipTests -pl " + module(service) + " -am", null);
        }
        System.out.printf("%s: training a start; it may take %d s%n", service, patience);
        var pipelines = home.resolve("deploy/demo/pipelines");
        var trained = Training.of(service, application, folder.resolve("applications").resolve(service), java, pipelines, limit);
        var tar = folder.resolve(service + ".tar");
        new Image(name(service), base, java, trained, Training.start()).writeTo(tar);
        System.out.printf("%s  %,d MB (application %,d MB, of it AOT cache %,d MB; Java %,d MB)%n", home.relativize(tar), Sizes.megabytes(tar), Sizes.megabytes(trained),
                Sizes.megabytes(trained.resolve(ServiceTraining.CACHE)), Sizes.megabytes(java.folder()));
        if (trial) {
            System.out.printf("  started from its tar: answers after %,d ms%n", Trial.of(tar, service, folder.resolve("trial").resolve(service), pipelines, limit).toMillis());
        }
    }

    private void provisioner(Path home, Path folder, JavaRuntime java) {
        var application = CommandLineJar.copy(home.resolve("deploy/launcher/target"), folder.resolve("applications").resolve(PROVISIONER));
        var tar = folder.resolve(PROVISIONER + ".tar");
        new Image(name(PROVISIONER), base, java, application, CommandLineJar.start()).writeTo(tar);
        System.out.printf("%s  %,d MB (application %,d MB; Java %,d MB)%n", home.relativize(tar), Sizes.megabytes(tar), Sizes.megabytes(application), Sizes.megabytes(java.folder()));
        if (trial) {
            System.out.printf("  ran from its tar: %s%n", Trial.output(tar, List.of("--version"), folder.resolve("trial").resolve(PROVISIONER)).strip());
        }
    }

    private String name(String image) {
        return repository + "/" + image + ":" + tag;
    }

    /** The service's folder in the checkout. */
    private static String module(String service) {
        return service.equals("console") ? "deploy/console" : service;
    }
}
