package io.millrace.launcher.scratch;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Takes connections on the loopback interface to a server that has no network, through its socket file. Thread-safe. */
final class SocketRelay implements AutoCloseable {

    private static final int BUFFER = 1 << 16;

    private final ServerSocket door;
    private final Path target;

    private SocketRelay(ServerSocket door, Path target) {
        this.door = door;
        this.target = target;
    }

    static SocketRelay to(Path target) throws IOException {
        var relay = new SocketRelay(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target);
        Thread.ofVirtual().name("scratch-relay").start(relay::accept);
        return relay;
    }

    int port() {
        return door.getLocalPort();
    }

    private void accept() {
        while (!door.isClosed()) {
            try {
                var caller = door.accept();
                caller.setTcpNoDelay(true);
                Thread.ofVirtual().name("scratch-relay-connection").start(() -> connect(caller));
            } catch (IOException e) {
                // The door was closed; or the machine has no socket left, which the caller is told by its own attempt.
                continue;
            }
        }
    }

    private void connect(Socket caller) {
        try (caller; var server = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.connect(UnixDomainSocketAddress.of(target));
            var back = Thread.ofVirtual().name("scratch-relay-answers").start(() -> answers(server, caller));
            pump(caller.getInputStream(), Channels.newOutputStream(server));
            server.shutdownOutput();
            back.join();
        } catch (IOException e) {
            // Whichever side ended, the other one sees its connection closed.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Once the server says nothing more, whether it ended or was ended, the caller has nobody to wait for. */
    private static void answers(SocketChannel server, Socket caller) {
        try (caller) {
            pump(Channels.newInputStream(server), caller.getOutputStream());
        } catch (IOException e) {
            // As above.
            return;
        }
    }

    private static void pump(InputStream from, OutputStream to) throws IOException {
        var buffer = new byte[BUFFER];
        for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
            to.write(buffer, 0, count);
            to.flush();
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
    }
}
