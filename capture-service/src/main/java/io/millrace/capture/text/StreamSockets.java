package io.millrace.capture.text;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.SocketFactory;

/**
 * Makes the sockets of Debezium's connections, so that it can be waited for what a stream brings. The driver knows no such waiting: it reads
 * for a millisecond and fails, and a Debezium that is idle asks it again and again. The driver makes an instance by name for each connection.
 */
public final class StreamSockets extends SocketFactory {

    /** The socket of the last stream that was begun, by what its connection names it. */
    private static final Map<String, StreamSocket> STREAMS = new ConcurrentHashMap<>();

    /** Null for a connection that carries no stream. */
    private final String stream;

    /** @param connection the driver's properties */
    public StreamSockets(Properties connection) {
        stream = connection.getProperty("replication") == null ? null : connection.getProperty("socketFactoryArg");
    }

    /** Null where the stream's connection was not made here. */
    static StreamSocket of(String stream) {
        return STREAMS.get(stream);
    }

    @Override
    public Socket createSocket() {
        if (stream == null) {
            return new Socket();
        }
        var socket = new StreamSocket();
        STREAMS.put(stream, socket);
        return socket;
    }

    private Socket connected(InetSocketAddress to, InetSocketAddress from) throws IOException {
        var socket = createSocket();
        socket.bind(from);
        socket.connect(to);
        return socket;
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress own, int ownPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(own, ownPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress own, int ownPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(own, ownPort));
    }
}
