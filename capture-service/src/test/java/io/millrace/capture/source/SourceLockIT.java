package io.millrace.capture.source;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.Reference;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lock of a source whose address leads to another server from one moment to the next. */
@Tag("long")
class SourceLockIT {

    @TempDir
    private Path folder;

    /** Connections that are made already stay where they lead. */
    private static final class Address implements AutoCloseable {

        private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private volatile int target;

        Address(int target) throws IOException {
            this.target = target;
            Thread.ofVirtual().start(this::accept);
        }

        void leadTo(int other) {
            target = other;
        }

        int port() {
            return listening.getLocalPort();
        }

        private void accept() {
            try {
                while (true) {
                    var client = listening.accept();
                    var server = new Socket(InetAddress.getLoopbackAddress(), target);
                    Thread.ofVirtual().start(() -> copy(client, server));
                    Thread.ofVirtual().start(() -> copy(server, client));
                }
            } catch (IOException _) {
                // It was closed.
            }
        }

        private static void copy(Socket from, Socket to) {
            try (from; to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException _) {
                // One of them was closed.
            }
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }

    private LocalServers server(String name) {
        var servers = LocalServers.in(folder.resolve(name), Ports.free(), Map.of(), Map.of());
        servers.postgres().launch();
        servers.postgres().awaitReady();
        return servers;
    }

    private static int port(LocalServers servers) {
        return URI.create(servers.jdbcUrl("postgres").substring("jdbc:".length())).getPort();
    }

    private static SourceLock lock(LocalServers servers, int port) {
        return new SourceLock(new SourceConnection("jdbc:postgresql://localhost:" + port + "/postgres", servers.postgresUser(), new Reference.Literal(servers.postgresPassword())), "moved");
    }

    @Test
    void whoHoldsItAtTheServerToWhichTheAddressDoesNotLeadAnyMoreTakesItAtTheOther() throws Exception {
        var former = server("former");
        var promoted = server("promoted");
        try (var address = new Address(port(former)); var lock = lock(former, address.port()); var second = lock(promoted, port(promoted))) {
            assertNull(lock.take());
            assertNull(lock.take(), "it is kept");
            lock.check();
            address.leadTo(port(promoted));
            lock.check();
            assertNull(second.take());
            assertTrue(lock.take().contains("is in use by the server process"));
            assertThrows(LockLostException.class, lock::check);
            second.close();
            assertNull(lock.take());
            assertTrue(second.take().contains("is in use by the server process"));
        } finally {
            former.postgres().stop();
            promoted.postgres().stop();
        }
    }
}
