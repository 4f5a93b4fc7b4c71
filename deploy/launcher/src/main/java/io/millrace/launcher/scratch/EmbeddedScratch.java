package io.millrace.launcher.scratch;

import io.millrace.check.scratch.ScratchServer;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A Postgres that is started for one check, on an empty cluster of its own, and ended with it: in a sandbox where the machine
 * lets it, else beside the caller's processes and files, and then it says so.
 */
public final class EmbeddedScratch implements AutoCloseable {

    private static final int MOST = 16;
    /** KiB. */
    private static final long DISK = 1536L << 10;
    private static final long MEMORY = 2048L << 10;

    private final String url;
    private final AutoCloseable server;

    private EmbeddedScratch(String url, AutoCloseable server) {
        this.url = url;
        this.server = server;
    }

    /**
     * Starts one.
     *
     * @param folder where the template, and what is not sandboxed, is kept
     * @param sandboxed whether it must be in a sandbox
     * @throws LocalException when it does not start
     */
    public static EmbeddedScratch start(Path folder, boolean sandboxed, Consumer<String> progress) {
        progress.accept("starting a scratch Postgres");
        var template = ClusterTemplate.in(folder);
        try {
            var sandbox = Sandbox.start(template, Path.of(System.getProperty("java.io.tmpdir")), DISK, MEMORY);
            return new EmbeddedScratch(sandbox.url(), sandbox);
        } catch (LocalException e) {
            if (sandboxed) {
                throw new LocalException("This machine does not let the scratch server have a sandbox, and --require-sandbox asks for one: " + e.getMessage(), e);
            }
            progress.accept("The scratch server is not sandboxed: its migrations may read and write what you may. This machine does not let it: " + e.getMessage().lines().findFirst().orElse(""));
            return plain(template, folder);
        }
    }

    /** Takes the first folder that no other check uses. */
    private static EmbeddedScratch plain(ClusterTemplate template, Path folder) {
        for (int i = 1; i <= MOST; i++) {
            var data = folder.resolve("check-" + i);
            // Nothing of it has to survive a power failure.
            var servers = LocalServers.in(data, Ports.free(), Map.of("fsync", "off", "full_page_writes", "off"));
            if (LocalServers.owner(data).isEmpty()) {
                try {
                    servers.claim();
                } catch (LocalException _) {
                    continue;
                }
                // What a killed check has left, its process included, is ended first.
                if (Files.exists(data.resolve("postgres"))) {
                    servers.postgres().stop();
                }
                template.copyCluster(data.resolve("postgres"));
                servers.postgres().start();
                return new EmbeddedScratch(servers.jdbcUrl("postgres"), () -> {
                    servers.postgres().stop();
                    servers.release();
                });
            }
        }
        throw new LocalException(MOST + " checks run at once; wait for one of them, or give a server with --scratch URL");
    }

    public ScratchServer open(Consumer<String> progress) {
        return ScratchServer.open(url, LocalServers.POSTGRES_USER, LocalServers.POSTGRES_PASSWORD, progress);
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new LocalException("Ending the scratch server failed: " + e.getMessage(), e);
        }
    }
}
