package io.millrace.launcher.stack;

import io.millrace.launcher.UsageException;
import io.millrace.local.Ports;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What distinguishes one stack from another on the same machine.
 *
 * @param home root of the checkout, where the built services are
 * @param data folder of everything that survives
 * @param pipelines pipeline files or folders of them
 * @param source the demo database, or null when the files refer to a database of the user's own
 * @param servers ports of the servers
 * @param stages ports of the services
 * @param otlp where spans go, OTLP over HTTP; null for nowhere
 * @param natives the services that run as native executables, not in a JVM
 * @param secured whether everything speaks TLS and asks who comes
 * @param connectPort port of a Kafka Connect worker
 * @param extras what runs beside the servers and services
 */
public record StackOptions(Path home, Path data, List<Path> pipelines, DemoSource source, Ports servers, Map<Stage, Integer> stages, String otlp, Set<Stage> natives, boolean secured, int connectPort, Set<Extra> extras) {

    /** The greatest first port: the last one of a stack, the worker's, comes sixteen after it. */
    public static final int LAST_BASE = 65_519;
    private static final int LAST_PORT = 65_535;
    private static final int CONNECT_PORT = 18107;

    /** What {@code up --with} takes. */
    public enum Extra {
        /** A Kafka Connect worker that keeps a second database equal to the tables. */
        CONNECT
    }

    /**
     * @param base the first of all ports, or null for the defaults; the services follow ten ports after it
     * @param changed single ports by key, as {@code --port KEY=N} gives them
     * @throws UsageException when a key names no port, or a port is none or is taken twice
     */
    public static StackOptions of(Path home, Path data, List<Path> pipelines, DemoSource source, Integer base, Map<String, Integer> changed) {
        var servers = base == null ? Ports.defaults() : Ports.from(base);
        var stages = new EnumMap<Stage, Integer>(Stage.class);
        for (var stage : Stage.values()) {
            stages.put(stage, base == null ? stage.defaultPort() : base + 10 + stage.ordinal());
        }
        int connect = changed.getOrDefault(ConnectWorker.NAME, base == null ? CONNECT_PORT : base + 10 + Stage.values().length);
        for (var change : changed.entrySet()) {
            requireKey(change.getKey());
            var stage = Stage.named(change.getKey());
            if (stage.isPresent()) {
                stages.put(stage.get(), change.getValue());
            } else if (!change.getKey().equals(ConnectWorker.NAME)) {
                servers = servers.with(change.getKey(), change.getValue());
            }
        }
        requirePorts(servers, stages, connect);
        return new StackOptions(home, data.toAbsolutePath().normalize(), pipelines, source, servers, Map.copyOf(stages), null, Set.of(), false, connect, Set.of());
    }

    private static void requireKey(String key) {
        var keys = Stream.concat(Ports.KEYS.stream(), Stream.concat(Arrays.stream(Stage.values()).map(Stage::stageName), Stream.of(ConnectWorker.NAME))).toList();
        if (!keys.contains(key)) {
            throw new UsageException("There is no port named '" + key + "'. --port KEY=N takes these keys: " + String.join(", ", keys));
        }
    }

    /** Every port is one that TCP has, and nobody's but its own. */
    private static void requirePorts(Ports servers, Map<Stage, Integer> stages, int connect) {
        var ports = new LinkedHashMap<String, Integer>(servers.byKey());
        stages.forEach((stage, port) -> ports.put(stage.stageName(), port));
        ports.put(ConnectWorker.NAME, connect);
        var owners = new HashMap<Integer, String>();
        ports.forEach((key, port) -> {
            if (port < 1 || port > LAST_PORT) {
                throw new UsageException("The port of " + key + " would be " + port + ", and ports go from 1 to " + LAST_PORT + ". Choose another --port-base, or --port " + key + "=N");
            }
            var other = owners.putIfAbsent(port, key);
            if (other != null) {
                throw new UsageException("Port " + port + " would be taken twice, by " + other + " and by " + key + ". Choose another one with --port " + key + "=N");
            }
        });
    }

    /** The same with other pipeline files, or folders of them. */
    public StackOptions withPipelines(List<Path> files) {
        return new StackOptions(home, data, files, source, servers, stages, otlp, natives, secured, connectPort, extras);
    }

    /** Where the demo's pipeline files are. */
    public static Path demo(Path home) {
        return home.resolve("deploy").resolve("demo").resolve("pipelines");
    }

    /** The same with spans sent to a receiver, such as {@code http://localhost:4318}. */
    public StackOptions withOtlp(String receiver) {
        return new StackOptions(home, data, pipelines, source, servers, stages, receiver, natives, secured, connectPort, extras);
    }

    /** The same with some services as native executables, which {@code ./mvnw package -Dnative} makes. */
    public StackOptions withNatives(Collection<Stage> executables) {
        return new StackOptions(home, data, pipelines, source, servers, stages, otlp, Set.copyOf(executables), secured, connectPort, extras);
    }

    /** The same, secured or not. */
    public StackOptions withSecured(boolean yes) {
        return new StackOptions(home, data, pipelines, source, servers, stages, otlp, natives, yes, connectPort, extras);
    }

    /** The same with more beside the servers and services. */
    public StackOptions with(Collection<Extra> more) {
        return new StackOptions(home, data, pipelines, source, servers, stages, otlp, natives, secured, connectPort, Set.copyOf(more));
    }

    /**
     * The database that {@code up} makes itself.
     *
     * @param database its name in the local PostgreSQL
     * @param monitors how many monitors it gets when it is empty; 0 for none
     */
    public record DemoSource(String database, int monitors) {}
}
