package io.millrace.indexer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** The way to a server, which can be cut as a firewall does it: nothing is closed, and nothing comes through any more. */
final class Relay implements AutoCloseable {

    private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int server;
    private volatile boolean cut;

    /** @param server its port on this machine */
    Relay(int server) throws IOException {
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return door.getLocalPort();
    }

    void cut() {
        cut = true;
    }

    void mend() {
        cut = false;
    }

    private void accept() {
        while (!door.isClosed()) {
            try {
                var caller = door.accept();
                var called = new Socket(InetAddress.getLoopbackAddress(), server);
                Thread.ofVirtual().start(() -> pass(caller, called));
                Thread.ofVirtual().start(() -> pass(called, caller));
            } catch (IOException e) {
                // The door was closed, or the server is away and the caller asks again.
            }
        }
    }

    private void pass(Socket from, Socket to) {
        try (from; to) {
            var buffer = new byte[8192];
            for (int read = from.getInputStream().read(buffer); read > 0; read = from.getInputStream().read(buffer)) {
                while (cut) {
                    Thread.sleep(20);
                }
                to.getOutputStream().write(buffer, 0, read);
            }
        } catch (IOException | InterruptedException e) {
            // One side has closed it; the other side is closed with it.
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
    }
}
