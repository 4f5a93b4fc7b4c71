package io.millrace.launcher.stack;

import io.millrace.local.Keyring;
import io.millrace.local.LocalServers;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.HttpsURLConnection;

/**
 * How the processes of one stack are reached: whose certificates are believed, and as whom its servers are asked. An open stack needs
 * neither. Immutable.
 */
public final class StackAccess {

    /** For what is no stack of this machine: certificates that Java believes, and nobody in particular. */
    public static final StackAccess NONE = new StackAccess(null);

    /** Null for an open stack. */
    private final Keyring keyring;

    private StackAccess(Keyring keyring) {
        this.keyring = keyring;
    }

    /** @param data the stack's data folder */
    public static StackAccess of(Path data) {
        return Keyring.isIn(data) ? new StackAccess(Keyring.in(data)) : NONE;
    }

    /** A client of services, registry and search engine. A command asks once or twice, for which a connection that could carry more only takes longer to make. */
    public HttpClient.Builder http() {
        var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        return keyring == null ? http : http.sslContext(keyring.clients());
    }

    /** The same for a single request, with less of a start. */
    public HttpURLConnection open(URI address) throws IOException {
        var connection = (HttpURLConnection) address.toURL().openConnection();
        if (keyring != null && connection instanceof HttpsURLConnection encrypted) {
            encrypted.setSSLSocketFactory(keyring.clients().getSocketFactory());
        }
        return connection;
    }

    /** {@code Authorization} of whoever may everything at registry and search engine; empty where nobody is asked. */
    public Optional<String> admin() {
        return Optional.ofNullable(keyring).map(known -> known.authorization(Keyring.ADMIN));
    }

    /** For clients of Kafka that may everything; its names are Kafka's. @param address of a broker */
    public Map<String, Object> kafka(String address) {
        var settings = new HashMap<String, Object>(Map.of("bootstrap.servers", address));
        if (keyring != null) {
            settings.putAll(keyring.kafkaAdmin());
        }
        return Map.copyOf(settings);
    }

    /** The password of {@link LocalServers#POSTGRES_USER}. */
    public String postgresPassword() {
        return keyring == null ? LocalServers.POSTGRES_PASSWORD : keyring.password(LocalServers.POSTGRES_USER);
    }
}
