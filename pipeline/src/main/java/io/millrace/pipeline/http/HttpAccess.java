package io.millrace.pipeline.http;

import io.millrace.pipeline.access.Secret;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * How one server over HTTP is reached: which certificates are believed, what is shown, and as whom it is asked. The keys are the
 * same in every service. Passwords, tokens and certificates are read again when their files change. Thread-safe.
 */
public final class HttpAccess {

    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d+){3}|\\[::1]", Pattern.CASE_INSENSITIVE);
    private static final String ALLOW_PLAIN = "allow-plain";
    /** What may be set, after the server's prefix. */
    public static final List<String> KEYS = List.of("ca-file", "certificate-file", "key-file", "user", "password-file", "token-file", "token-scheme",
            "oidc.token-url", "oidc.client-id", "oidc.secret-file", "oidc.scope", "oidc.ca-file", ALLOW_PLAIN);

    private final Server server;
    private final List<URI> plain;
    private final Tls tls;
    private final Login login;

    /** @param plain addresses that no login may go to */
    private HttpAccess(Server server, List<URI> plain, Tls tls, Login login) {
        this.server = server;
        this.plain = plain;
        this.tls = tls;
        this.login = login;
    }

    /**
     * Reads the keys {@code millrace.registry.*} or {@code millrace.search.*}, and the files that they name.
     *
     * @param urls where the server is
     * @param names of the whole configuration
     * @param values looks one up; a name may have none
     * @throws IllegalStateException naming the key, when something is unknown, contradictory or cannot be read
     */
    public static HttpAccess of(Server server, Collection<URI> urls, Iterable<String> names, Function<String, Optional<String>> values) {
        for (var name : names) {
            if (name.startsWith(server.prefix()) && KEYS.stream().noneMatch(key -> variable(server.prefix() + key).equals(variable(name))) && System.getenv(variable(name)) == null) {
                throw new IllegalStateException(name + " is no setting; under " + server.prefix() + " there are " + String.join(", ", KEYS));
            }
        }
        return new Reader(server, values).read(urls);
    }

    /** As {@link #of} with keys that have no prefix. */
    public static HttpAccess of(Server server, URI url, Map<String, String> keys) {
        return of(server, List.of(url), List.of(), key -> Optional.ofNullable(keys.get(key.substring(server.prefix().length()))));
    }

    /**
     * The same by a user whose password is found in another way.
     *
     * @param from where, for a message
     * @throws IllegalStateException where the password would go out in plain text
     */
    public HttpAccess as(String user, Supplier<String> password, String from) {
        refusePlain(plain, from, server.prefix());
        return new HttpAccess(server, plain, tls, new Login.Basic(user, password, from));
    }

    /** As {@link #of} from the process's environment, for what has no other configuration. */
    public static HttpAccess ofEnvironment(Server server, URI url, Function<String, String> environment) {
        return of(server, List.of(url), List.of(), key -> Optional.ofNullable(environment.apply(variable(key))));
    }

    /** On this machine's own interface nobody else listens. */
    private static boolean isPlain(URI url) {
        return !"https".equalsIgnoreCase(url.getScheme()) && (url.getHost() == null || !LOOPBACK.matcher(url.getHost()).matches());
    }

    private static void refusePlain(List<URI> plain, String login, String prefix) {
        if (!plain.isEmpty()) {
            throw new IllegalStateException(plain.getFirst() + " is no https, and what " + login + " refers to would be sent there in plain text; write https, or set " + prefix + ALLOW_PLAIN + "=true where nobody else reaches the network between");
        }
    }

    private static String variable(String key) {
        return key.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
    }

    /** A client that believes and shows what it should; each of its requests has to be {@linkplain #authorize authorized}. It follows no redirect, so it tells nobody else who it is. */
    public HttpClient.Builder client() {
        return HttpClient.newBuilder().sslContext(tls.context());
    }

    /** @throws IOException when a file cannot be read now, or the OIDC provider gives no token */
    public HttpRequest.Builder authorize(HttpRequest.Builder request) throws IOException {
        var authorization = login.authorization();
        return authorization == null ? request : request.setHeader("Authorization", authorization);
    }

    /**
     * The value of {@code Authorization} for the next request, null for none.
     *
     * @throws IOException when a file cannot be read now, or the OIDC provider gives no token
     */
    public String authorization() throws IOException {
        return login.authorization();
    }

    /** For other clients; each has to be told to compare the server's name with its certificate. */
    public SSLContext tls() {
        return tls.context();
    }

    /** Null where Java's own default does. */
    public X509ExtendedTrustManager believed() {
        return tls.believed();
    }

    /** Null where no certificate is shown. */
    public X509ExtendedKeyManager shown() {
        return tls.shown();
    }

    /** What a request failed of, and the setting to look at. */
    public String why(Throwable failure) {
        return Trouble.why(failure, tls.signers(), server.prefix());
    }

    /** What an answer with an error means, and the setting to look at. */
    public String why(int status) {
        if (status == UNAUTHORIZED) {
            login.refused();
            return "HTTP 401, so the " + server + " does not know " + login.describe();
        }
        return status == FORBIDDEN ? "HTTP 403, so at the " + server + " this is more than may be done by " + login.describe() : "HTTP " + status;
    }

    /** The server's title. */
    @Override
    public String toString() {
        return server.toString();
    }

    /** Reads the keys of one server. */
    private record Reader(Server server, Function<String, Optional<String>> values) {

        HttpAccess read(Collection<URI> urls) {
            together("certificate-file", "key-file");
            together("user", "password-file");
            together("oidc.token-url", "oidc.client-id");
            together("oidc.token-url", "oidc.secret-file");
            refuseTwoLogins();
            refuseCertificatesWithoutTls(urls);
            refuseLoginsWithoutTls(urls);
            try {
                return new HttpAccess(server, plain(urls), new Tls(files("ca-file"), files("certificate-file", "key-file")), login());
            } catch (IOException e) {
                throw new IllegalStateException("The " + server + " cannot be asked: " + e.getMessage(), e);
            }
        }

        private void together(String one, String other) {
            if ((text(one) == null) != (text(other) == null)) {
                throw new IllegalStateException(key(text(one) == null ? other : one) + " is set and " + key(text(one) == null ? one : other) + " is not; they go together");
            }
        }

        private void refuseTwoLogins() {
            var logins = List.of("user", "token-file", "oidc.token-url").stream().filter(key -> text(key) != null).toList();
            if (logins.size() > 1) {
                throw new IllegalStateException(key(logins.get(0)) + " and " + key(logins.get(1)) + " are both set; one of them says as whom the " + server + " is asked");
            }
        }

        private void refuseCertificatesWithoutTls(Collection<URI> urls) {
            var key = text("ca-file") == null ? "certificate-file" : "ca-file";
            if (text(key) != null) {
                urls.stream().filter(url -> !"https".equalsIgnoreCase(url.getScheme())).findFirst().ifPresent(plain -> {
                    throw new IllegalStateException(key(key) + " is set, and " + plain + " is no https: nothing would be encrypted; correct the address of the " + server + ", or take the key away");
                });
            }
        }

        private void refuseLoginsWithoutTls(Collection<URI> urls) {
            Stream.of("password-file", "token-file", "oidc.secret-file").filter(key -> text(key) != null).forEach(key -> refusePlain(plain(urls), key(key), server.prefix()));
            if (text("oidc.token-url") != null) {
                refusePlain(plain(List.of(URI.create(text("oidc.token-url")))), key("oidc.secret-file"), server.prefix());
            }
        }

        private List<URI> plain(Collection<URI> urls) {
            return allowsPlain() ? List.of() : urls.stream().filter(HttpAccess::isPlain).toList();
        }

        private boolean allowsPlain() {
            var said = text(ALLOW_PLAIN);
            if (said != null && !said.equals("true") && !said.equals("false")) {
                throw new IllegalStateException(key(ALLOW_PLAIN) + " is '" + said + "'; it is true or false");
            }
            return "true".equals(said);
        }

        private Login login() throws IOException {
            if (text("user") != null) {
                var password = secret("password-file");
                return new Login.Basic(text("user"), password::read, password.toString());
            }
            if (text("token-file") != null) {
                return new Login.Token(text("token-scheme") == null ? "Bearer" : text("token-scheme"), secret("token-file"));
            }
            if (text("oidc.token-url") != null) {
                return new OidcToken(server.prefix(), URI.create(text("oidc.token-url")), text("oidc.client-id"), secret("oidc.secret-file"), text("oidc.scope"), new Tls(files("oidc.ca-file"), files()));
            }
            return new Login.Nobody(server.prefix());
        }

        /** Looked at once, so that a file that is not there stops the start. */
        private Secret secret(String key) throws IOException {
            var secret = Secret.inFile(key(key), Optional.of(Path.of(text(key))));
            Login.text(secret::read);
            return secret;
        }

        private SequencedMap<String, Path> files(String... keys) {
            var files = new LinkedHashMap<String, Path>();
            for (var key : keys) {
                if (text(key) != null) {
                    files.put(key(key), Path.of(text(key)));
                }
            }
            return files;
        }

        private String key(String key) {
            return server.prefix() + key;
        }

        /** Null where it is not set. */
        private String text(String key) {
            return values.apply(key(key)).filter(text -> !text.isBlank()).orElse(null);
        }
    }
}
