package io.millrace.local;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything needed to run one process.
 *
 * @param name         short name, also the name of its log file
 * @param command      program and arguments
 * @param program      file name of the program that runs in the end, when {@code command} starts with a wrapper
 * @param marker       text that the command line of this program, and of no other on this machine, contains
 * @param folder       working folder
 * @param environment  added to the inherited environment; the place for secrets, never the command line
 * @param ports        ports it will listen on, by the key that changes them
 * @param prepare      runs before each start, once leftovers are gone; makes data folders
 * @param readiness    whether it serves
 * @param startTimeout how long it may take to serve
 * @param stopSignal   signal for a clean stop, {@code TERM} or {@code INT}
 * @param stopTimeout  how long a clean stop may take before the process is killed
 * @param log          file that receives standard output and error
 */
public record ProcessSpec(String name, List<String> command, String program, String marker, Path folder, Map<String, String> environment,
        Map<String, Integer> ports, Runnable prepare, Readiness readiness, Duration startTimeout, String stopSignal,
        Duration stopTimeout, Path log) {

    /** Seconds are usual; on a machine with other things to do, JVMs that start at once take minutes. One that ends is reported at once. */
    static final Duration START_TIMEOUT = Duration.ofMinutes(4);
    private static final String CACHE_OPTION = "-XX:AOTCache=";
    private static final String FIRST_COMPILER_ONLY = "-XX:TieredStopAtLevel=1";
    /**
     * How long JVMs started from here live. Tests set it: to true for minutes, when what the second compiler would do costs more than it gives for every one of them; to false for hours.
     * Not set, the stack is somebody's to look at, see {@link #forShortLife}.
     */
    private static final String LIVES = System.getProperty("millrace.short-lived", "");

    public ProcessSpec {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        ports = Map.copyOf(ports);
    }

    /**
     * A JVM of this run's own Java, with the serial collector and the marker as a system property.
     *
     * @param data      data folder of the stack, makes the marker unique
     * @param heap      as {@code -Xmx} takes it, e.g. {@code 256m}
     * @param arguments further JVM options, then {@code -jar FILE} or {@code -cp PATH MAIN} with its arguments
     */
    public static ProcessSpec jvm(String name, Path data, String heap, List<String> arguments, Path folder,
            Map<String, String> environment, Map<String, Integer> ports, Readiness readiness) {
        var marker = marker(name, data);
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add(marker);
        command.add("-Xmx" + heap);
        if (LIVES.equals("true")) {
            command.add(FIRST_COMPILER_ONLY);
        }
        command.add("-XX:+UseSerialGC");
        command.add("-XX:+ExitOnOutOfMemoryError");
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(arguments);
        return new ProcessSpec(name, command, "java", marker, folder, environment, ports, () -> { }, readiness, START_TIMEOUT,
                "TERM", Duration.ofSeconds(20), data.resolve("logs").resolve(name + ".log"));
    }

    /** JVM options for an AOT cache; none where there is none. One that does not fit this Java is ignored by it. */
    static List<String> cached(Path cache) {
        return cached(cache, cache);
    }

    /** The same for a copy of the cache, which is made no earlier than at the start. */
    private static List<String> cached(Path cache, Path copy) {
        return Files.isRegularFile(cache) ? List.of(CACHE_OPTION + copy, "-Xlog:disable", "-Xlog:all=error:stderr") : List.of();
    }

    /** JVM options for a service's jar as its build left it, with the AOT cache beside it. */
    public static List<String> serviceOptions(Path runJar) {
        return serviceOptions(runJar, runJar);
    }

    private static List<String> serviceOptions(Path built, Path copy) {
        var options = new ArrayList<>(cached(cacheOf(built), cacheOf(copy)));
        options.addAll(ServiceTraining.OPTIONS);
        return options;
    }

    private static Path cacheOf(Path runJar) {
        return runJar.toAbsolutePath().resolveSibling(ServiceTraining.CACHE);
    }

    /** A Quarkus service's jar; {@code properties} become system properties, {@code environment} is for secrets. */
    public static ProcessSpec quarkus(String name, Path data, String heap, Path runJar, Map<String, String> properties,
            Map<String, String> environment, Map<String, Integer> ports, Readiness readiness) {
        return copied(name, data, heap, runJar, runJar, properties, environment, ports, readiness);
    }

    /**
     * As {@link #quarkus}, for a copy of what the build left.
     *
     * @param built the build's jar; whether there is an AOT cache is seen beside it
     * @param runJar the copy, which need not be there before the start
     */
    public static ProcessSpec copied(String name, Path data, String heap, Path built, Path runJar, Map<String, String> properties,
            Map<String, String> environment, Map<String, Integer> ports, Readiness readiness) {
        var arguments = new ArrayList<>(serviceOptions(built, runJar));
        new LinkedHashMap<>(properties).forEach((key, value) -> arguments.add("-D" + key + "=" + value));
        arguments.add("-jar");
        arguments.add(runJar.toAbsolutePath().toString());
        return jvm(name, data, heap, arguments, runJar.toAbsolutePath().getParent(), environment, ports, readiness);
    }

    /** A native executable of a Quarkus service; the rest as for {@link #quarkus}. */
    public static ProcessSpec executable(String name, Path data, String heap, Path program, Map<String, String> properties,
            Map<String, String> environment, Map<String, Integer> ports, Readiness readiness) {
        var file = program.toAbsolutePath();
        var marker = marker(name, data);
        var command = new ArrayList<>(List.of(file.toString(), marker, "-Xmx" + heap));
        properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
        return new ProcessSpec(name, command, file.getFileName().toString(), marker, file.getParent(), environment, ports, () -> { }, readiness, START_TIMEOUT,
                "TERM", Duration.ofSeconds(20), data.resolve("logs").resolve(name + ".log"));
    }

    private static String marker(String name, Path data) {
        return "-Dmillrace.process=" + name + "@" + data.toAbsolutePath().normalize();
    }

    /** For a JVM that should start fast and stay small rather than reach its peak speed. */
    public ProcessSpec withFirstCompilerOnly() {
        var quick = new ArrayList<>(command);
        quick.add(1, FIRST_COMPILER_ONLY);
        return new ProcessSpec(name, quick, program, marker, folder, environment, ports, prepare, readiness, startTimeout, stopSignal, stopTimeout, log);
    }

    /** The same, unless whoever starts it says that it lives for hours: it has work then for which the second compiler pays. */
    public ProcessSpec forShortLife() {
        return LIVES.equals("false") ? this : withFirstCompilerOnly();
    }

    /**
     * A JVM that leaves what it has loaded and how it was run as an AOT cache when it is stopped. It takes none itself, for a start with a cache cannot make one.
     *
     * @param stopTimeout how long the stop, with the making of the cache, may take
     */
    public ProcessSpec trained(Path cache, Duration stopTimeout) {
        var recorded = new ArrayList<>(command);
        recorded.removeIf(option -> option.startsWith(CACHE_OPTION));
        recorded.add(1, "-XX:AOTCacheOutput=" + cache);
        return new ProcessSpec(name, recorded, program, marker, folder, environment, ports, prepare, readiness, startTimeout, stopSignal, stopTimeout, log);
    }

    public ProcessSpec withPrepare(Runnable prepare) {
        return new ProcessSpec(name, command, program, marker, folder, environment, ports, prepare, readiness, startTimeout, stopSignal, stopTimeout, log);
    }

    public ProcessSpec withStartTimeout(Duration startTimeout) {
        return new ProcessSpec(name, command, program, marker, folder, environment, ports, prepare, readiness, startTimeout, stopSignal, stopTimeout, log);
    }
}
