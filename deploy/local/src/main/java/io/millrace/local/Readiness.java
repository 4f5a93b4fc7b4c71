package io.millrace.local;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Asks a process over its own protocol whether it serves. An {@link IOException} means "not yet". */
@FunctionalInterface
public interface Readiness {

    int TIMEOUT_MILLIS = 2000;

    boolean isReady() throws IOException;

    /** Ready when a GET answers 200. */
    static Readiness http(URI uri) {
        return () -> {
            var connection = (HttpURLConnection) uri.toURL().openConnection();
            connection.setConnectTimeout(TIMEOUT_MILLIS);
            connection.setReadTimeout(TIMEOUT_MILLIS);
            try {
                return connection.getResponseCode() == 200;
            } finally {
                connection.disconnect();
            }
        };
    }

    /**
     * Ready when the server asks a new connection for its credentials; while it recovers it answers with an error instead.
     * See "Message Formats" of the PostgreSQL documentation, StartupMessage and ErrorResponse.
     */
    static Readiness postgres(int port, String user, String database) {
        var parameters = ("user\0" + user + "\0database\0" + database + "\0\0").getBytes(StandardCharsets.UTF_8);
        return () -> {
            try (var socket = connect(port)) {
                var out = new DataOutputStream(socket.getOutputStream());
                out.writeInt(8 + parameters.length);
                out.writeInt(3 << 16);
                out.write(parameters);
                out.flush();
                return socket.getInputStream().read() == 'R';
            }
        };
    }

    /** Ready when the broker answers ApiVersions (key 18, version 0), which it does only after it has been unfenced. */
    static Readiness kafka(int port) {
        return () -> {
            try (var socket = connect(port)) {
                var out = new DataOutputStream(socket.getOutputStream());
                out.writeInt(10);
                out.writeShort(18);
                out.writeShort(0);
                out.writeInt(1);
                out.writeShort(-1);
                out.flush();
                var in = new DataInputStream(socket.getInputStream());
                in.readInt();
                return in.readInt() == 1 && in.readShort() == 0;
            }
        };
    }

    private static Socket connect(int port) throws IOException {
        var socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
