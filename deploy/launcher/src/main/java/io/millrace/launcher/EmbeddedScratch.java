package io.millrace.launcher;

import io.millrace.check.scratch.ScratchServer;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A Postgres that is started for one check and stopped after it. Its folder is kept, so that the next check need not make it
 * again; what a killed one has left in it, the server process included, is ended by the next.
 */
final class EmbeddedScratch implements AutoCloseable {

    private static final int MOST = 16;

    private final LocalServers servers;

    private EmbeddedScratch(LocalServers servers) {
        this.servers = servers;
    }

    /** Takes the first folder that no other check uses. */
    static EmbeddedScratch start(Path folder, Consumer<String> progress) {
        for (int i = 1; i <= MOST; i++) {
            // Nothing of it has to survive a power failure.
            var servers = LocalServers.in(folder.resolve("check-" + i), Ports.free(), Map.of("fsync", "off", "full_page_writes", "off"));
            if (LocalServers.owner(servers.data()).isEmpty()) {
                try {
                    servers.claim();
                } catch (LocalException _) {
                    continue;
                }
                progress.accept("starting a scratch Postgres");
                servers.postgres().start();
                return new EmbeddedScratch(servers);
            }
        }
        throw new LocalException(MOST + " checks run at once; wait for one of them, or give a server with --scratch URL");
    }

    ScratchServer open(Consumer<String> progress) {
        return ScratchServer.open(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword(), progress);
    }

    @Override
    public void close() {
        servers.postgres().stop();
        servers.release();
    }
}
