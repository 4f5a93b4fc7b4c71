package io.millrace.local;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A door before a server that speaks plain HTTP: TLS outside, and whoever comes says who that is, as at a managed server. Thread-safe.
 */
public final class TlsDoor implements AutoCloseable {

    private static final List<String> PASSED = List.of("Content-Type", "Content-Encoding", "Accept");
    private static final int UNAUTHORIZED = 401;
    private static final int AWAY = 502;

    private final URI behind;
    private final HttpsServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private volatile Predicate<String> lets;

    /** Whether a caller has to show a certificate of the door's authority. */
    public enum Callers { ANYBODY, WITH_CERTIFICATE }

    /**
     * Opens it.
     *
     * @param port on the loopback interface
     * @param behind the server to which it leads
     * @param authority that has signed the certificate that it shows
     * @param alias of that certificate
     * @param lets in whoever sends such an {@code Authorization}; null for one that sends none
     */
    public TlsDoor(int port, URI behind, CertificateAuthority authority, String alias, Callers callers, Predicate<String> lets) {
        this.behind = behind;
        this.lets = lets;
        try {
            server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.setHttpsConfigurator(new HttpsConfigurator(context(authority, alias)) {
                @Override
                public void configure(HttpsParameters parameters) {
                    var tls = getSSLContext().getDefaultSSLParameters();
                    tls.setNeedClientAuth(callers == Callers.WITH_CERTIFICATE);
                    parameters.setSSLParameters(tls);
                }
            });
        } catch (IOException | GeneralSecurityException e) {
            throw new LocalException("Opening a door with TLS at port " + port + " failed: " + e.getMessage(), e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::pass);
        server.start();
    }

    private static SSLContext context(CertificateAuthority authority, String alias) throws GeneralSecurityException, IOException {
        var shown = KeyStore.getInstance("PKCS12");
        shown.load(null, null);
        shown.setEntry(alias, CertificateAuthority.entry(authority, alias), new KeyStore.PasswordProtection(new char[0]));
        shown.setCertificateEntry("authority", CertificateAuthority.entry(authority, alias).getCertificateChain()[1]);
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(shown, new char[0]);
        var believed = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        believed.init(shown);
        var context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), believed.getTrustManagers(), null);
        return context;
    }

    /** From now on it lets in others. */
    public void let(Predicate<String> others) {
        lets = others;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private void pass(HttpExchange call) throws IOException {
        try (call) {
            if (!lets.test(call.getRequestHeaders().getFirst("Authorization"))) {
                call.getRequestBody().readAllBytes();
                call.sendResponseHeaders(UNAUTHORIZED, -1);
                return;
            }
            var request = HttpRequest.newBuilder(behind.resolve(call.getRequestURI())).method(call.getRequestMethod(), BodyPublishers.ofByteArray(call.getRequestBody().readAllBytes()));
            for (var header : PASSED) {
                call.getRequestHeaders().getOrDefault(header, List.of()).forEach(value -> request.header(header, value));
            }
            var answer = client.send(request.build(), BodyHandlers.ofByteArray());
            answer.headers().map().forEach((name, values) -> {
                if (!Set.of("content-length", "transfer-encoding", "connection").contains(name.toLowerCase(java.util.Locale.ROOT))) {
                    call.getResponseHeaders().put(name, values);
                }
            });
            boolean empty = answer.body().length == 0 || call.getRequestMethod().equals("HEAD");
            call.sendResponseHeaders(answer.statusCode(), empty ? -1 : answer.body().length);
            if (!empty) {
                call.getResponseBody().write(answer.body());
            }
        } catch (IOException e) {
            call.sendResponseHeaders(AWAY, -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Closes it at once; calls under way fail. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        client.shutdownNow();
    }
}
