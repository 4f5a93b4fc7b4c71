package io.millrace.tests.bench.scale;

import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;

/** A second process of a stage: the same settings with a name, a port and, where it keeps state, a folder of its own. */
final class Another {

    private Another() {}

    /** From the same build, where the first one has taken it. */
    static ProcessSpec like(ProcessSpec first, int firstPort, int number, int port) {
        var name = first.name() + "-" + number;
        var marker = first.marker().replace("=" + first.name() + "@", "=" + name + "@");
        var command = first.command().stream().map(part -> part.equals(first.marker()) ? marker
                : part.equals("-Dquarkus.http.port=" + firstPort) ? "-Dquarkus.http.port=" + port
                : part.contains(".state-folder=") ? part + "-" + number : part).toList();
        return new ProcessSpec(name, command, first.program(), marker, first.folder(), first.environment(), Map.of("http", port), () -> { },
                Readiness.http(URI.create("http://localhost:" + port + "/q/health/live")), first.startTimeout(), first.stopSignal(), first.stopTimeout(), first.log().resolveSibling(name + ".log"));
    }

    /** The same from another build. */
    static ProcessSpec from(Path jar, ProcessSpec spec) {
        var command = new ArrayList<>(spec.command());
        command.set(command.size() - 1, jar.toString());
        return new ProcessSpec(spec.name(), command, spec.program(), spec.marker(), jar.getParent(), spec.environment(), spec.ports(), spec.prepare(), spec.readiness(), spec.startTimeout(),
                spec.stopSignal(), spec.stopTimeout(), spec.log());
    }
}
