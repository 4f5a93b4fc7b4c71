package io.millrace.launcher.stack;

import io.millrace.local.LocalException;
import io.millrace.local.Ports;
import java.nio.file.Path;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
 */
public record StackOptions(Path home, Path data, List<Path> pipelines, DemoSource source, Ports servers, Map<Stage, Integer> stages, String otlp, Set<Stage> natives) {

    /**
     * @param base the first of all ports, or null for the defaults; the services follow ten ports after it
     * @param changed single ports by key, as {@code --port KEY=N} gives them
     * @throws LocalException when a key names no port
     */
    public static StackOptions of(Path home, Path data, List<Path> pipelines, DemoSource source, Integer base, Map<String, Integer> changed) {
        var servers = base == null ? Ports.defaults() : Ports.from(base);
        var stages = new EnumMap<Stage, Integer>(Stage.class);
        for (var stage : Stage.values()) {
            stages.put(stage, base == null ? stage.defaultPort() : base + 10 + stage.ordinal());
        }
        for (var change : changed.entrySet()) {
            var stage = Stage.named(change.getKey());
            if (stage.isPresent()) {
                stages.put(stage.get(), change.getValue());
            } else {
                servers = servers.with(change.getKey(), change.getValue());
            }
        }
        return new StackOptions(home, data.toAbsolutePath().normalize(), pipelines, source, servers, Map.copyOf(stages), null, Set.of());
    }

    /** The same with spans sent to a receiver, such as {@code http://localhost:4318}. */
    public StackOptions withOtlp(String receiver) {
        return new StackOptions(home, data, pipelines, source, servers, stages, receiver, natives);
    }

    /** The same with some services as native executables, which {@code ./mvnw package -Dnative} makes. */
    public StackOptions withNatives(Collection<Stage> executables) {
        return new StackOptions(home, data, pipelines, source, servers, stages, otlp, Set.copyOf(executables));
    }

    /**
     * The database that {@code up} makes itself.
     *
     * @param database its name in the local PostgreSQL
     * @param monitors how many monitors it gets when it is empty; 0 for none
     */
    public record DemoSource(String database, int monitors) {}
}
