package io.millrace.tests.check;

import io.millrace.check.scratch.ScratchServer;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** One Postgres for all suites of the check, started for the first and stopped after the last; and a registry for who asks for it. */
final class ScratchServers implements AutoCloseable {

    /** The migrations that the check is tried on. */
    static final Path CORPUS = DemoStack.home().resolve("tests").resolve("src").resolve("test").resolve("resources").resolve("migrations");

    private final Path folder;
    private final LocalServers servers;

    /** Hands it to constructors. */
    static final class Extension implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == ScratchServers.class;
        }

        @Override
        public ScratchServers resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot().getStore(ExtensionContext.Namespace.create(ScratchServers.class)).computeIfAbsent(ScratchServers.class, key -> start(), ScratchServers.class);
        }
    }

    private ScratchServers(Path folder, LocalServers servers) {
        this.folder = folder;
        this.servers = servers;
    }

    private static ScratchServers start() {
        try {
            var folder = Files.createTempDirectory("check-it");
            var servers = LocalServers.in(folder, Ports.free(), Map.of("fsync", "off", "full_page_writes", "off"));
            servers.postgres().start();
            return new ScratchServers(folder, servers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ScratchServer scratch() {
        return ScratchServer.open(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword(), _ -> { });
    }

    /** The core API of a registry, which is started for the first who asks. */
    String registry() {
        servers.registry().start();
        return servers.registryUrl();
    }

    @Override
    public void close() throws IOException {
        servers.registry().stop();
        servers.postgres().stop();
        DemoStack.delete(folder);
    }
}
