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
import java.util.function.Supplier;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Asks a process over its own protocol whether it serves. An {@link IOException} means "not yet". */
@FunctionalInterface
public interface Readiness {

    int TIMEOUT_MILLIS = 2000;

    /** How a connection is made to a server of this machine. */
    @FunctionalInterface
    interface Connecting {

        /** Without TLS. */
        Connecting PLAIN = Readiness::connect;

        Socket to(int port) throws IOException;

        /** With TLS from the first byte on, and the server's name compared. */
        static Connecting tls(Supplier<SSLContext> clients) {
            return port -> encrypted(clients, connect(port), port);
        }

        /** With TLS as PostgreSQL begins it, see SSLRequest in "Message Formats" of its documentation. */
        static Connecting postgresTls(Supplier<SSLContext> clients) {
            return port -> {
                var plain = connect(port);
                var out = new DataOutputStream(plain.getOutputStream());
                out.writeInt(8);
                out.writeInt(80877103);
                out.flush();
                if (plain.getInputStream().read() != 'S') {
                    plain.close();
                    throw new IOException("port " + port + " has no TLS");
                }
                return encrypted(clients, plain, port);
            };
        }

        private static Socket encrypted(Supplier<SSLContext> clients, Socket plain, int port) throws IOException {
            var socket = (SSLSocket) clients.get().getSocketFactory().createSocket(plain, "localhost", port, true);
            var parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            return socket;
        }
    }

    boolean isReady() throws IOException;

    /** Ready when a GET answers 200. */
    static Readiness http(URI uri) {
        return () -> answers((HttpURLConnection) uri.toURL().openConnection());
    }

    /** The same of a process of a secured stack. */
    static Readiness https(URI uri, Keyring keyring) {
        return () -> answers(encrypted(uri, keyring));
    }

    /** The same of one that wants to know who asks. */
    static Readiness https(URI uri, Keyring keyring, String user) {
        return () -> {
            var connection = encrypted(uri, keyring);
            connection.setRequestProperty("Authorization", keyring.authorization(user));
            return answers(connection);
        };
    }

    private static HttpsURLConnection encrypted(URI uri, Keyring keyring) throws IOException {
        var connection = (HttpsURLConnection) uri.toURL().openConnection();
        connection.setSSLSocketFactory(keyring.clients().getSocketFactory());
        return connection;
    }

    private static boolean answers(HttpURLConnection connection) throws IOException {
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        try {
            return connection.getResponseCode() == 200;
        } finally {
            connection.disconnect();
        }
    }

    /**
     * Ready when the server asks a new connection for its credentials; while it recovers it answers with an error instead.
     * See "Message Formats" of the PostgreSQL documentation, StartupMessage and ErrorResponse.
     */
    static Readiness postgres(Connecting connecting, int port, String user, String database) {
        var parameters = ("user\0" + user + "\0database\0" + database + "\0\0").getBytes(StandardCharsets.UTF_8);
        return () -> {
            try (var socket = connecting.to(port)) {
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
    static Readiness kafka(Connecting connecting, int port) {
        return () -> {
            try (var socket = connecting.to(port)) {
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
