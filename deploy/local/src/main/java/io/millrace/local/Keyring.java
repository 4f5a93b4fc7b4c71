package io.millrace.local;

import io.millrace.local.CertificateAuthority.Issued;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Certificates and passwords of a secured stack, each in a file that its owner alone may read. What is asked for and is not there is
 * made. Thread-safe.
 */
public final class Keyring {

    /** Who may everything, at Kafka, the registry and the search engine. */
    public static final String ADMIN = "admin";

    /** Of all that belongs to a secured stack alone, in its data folder. */
    public static final String FOLDER = "secure";
    private static final String AUTHORITY = "ca.pem";
    private static final String KEY = ".key";
    private static final String NAMES = "dns:localhost,ip:127.0.0.1";
    private static final int DAYS = 397;
    private static final Duration BEFORE_THE_END = Duration.ofDays(30);
    private static final int PASSWORD_BYTES = 24;

    private final Path folder;
    /** Guarded by this; null before it is asked for. */
    private Clients clients;

    private Keyring(Path folder) {
        this.folder = folder;
    }

    /** That of a stack; nothing is written yet. @param data the stack's data folder */
    public static Keyring in(Path data) {
        return new Keyring(data.toAbsolutePath().normalize().resolve(FOLDER));
    }

    /** Whether a stack is a secured one. @param data the stack's data folder */
    public static boolean isIn(Path data) {
        return Files.isDirectory(data.resolve(FOLDER));
    }

    /** Where the files are. */
    public Path folder() {
        return folder;
    }

    /** The certificate of whoever has signed those of the servers, as PEM. */
    public synchronized Path authority() {
        return signer().certificate();
    }

    private CertificateAuthority signer() {
        ownFolder();
        return CertificateAuthority.open(folder, DAYS);
    }

    /** What a server of that name shows, as PEM. */
    public synchronized Issued certificate(String name) {
        var signer = signer();
        var files = signer.files(name);
        return Files.exists(files.certificate()) && Files.exists(files.key()) ? files : signer.issue(name, NAMES);
    }

    /** The same in one file, the key first. */
    Path bundle(String name) {
        var files = certificate(name);
        var bundle = folder.resolve(name + ".bundle.pem");
        try {
            OwnersAlone.write(bundle, Files.readString(files.key()) + Files.readString(files.certificate()));
        } catch (IOException e) {
            throw new LocalException("Reading " + files.key() + " and " + files.certificate() + " failed: " + e, e);
        }
        return bundle;
    }

    /** The file with a user's password. */
    public synchronized Path passwordFile(String user) {
        var file = folder.resolve(user + ".password");
        if (!Files.exists(file)) {
            ownFolder();
            var bytes = new byte[PASSWORD_BYTES];
            new SecureRandom().nextBytes(bytes);
            OwnersAlone.write(file, HexFormat.of().formatHex(bytes));
        }
        return file;
    }

    /** A user's password, as its file has it now. */
    public String password(String user) {
        var file = passwordFile(user);
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new LocalException("Reading " + file + " failed: " + e, e);
        }
    }

    /** How a user says who that is, as {@code Authorization} takes it (RFC 7617). */
    public String authorization(String user) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password(user)).getBytes(StandardCharsets.UTF_8));
    }

    /** What is the same for each client of Kafka, but for the address and for who it is; the names are Kafka's. */
    public Map<String, String> kafka() {
        return Map.of("security.protocol", "SASL_SSL", "sasl.mechanism", "SCRAM-SHA-512", "ssl.truststore.type", "PEM", "ssl.truststore.location", authority().toString());
    }

    /** The same with {@link #ADMIN}'s password, but for the address. */
    public Map<String, String> kafkaAdmin() {
        var settings = new HashMap<>(kafka());
        settings.put("sasl.jaas.config", scram(ADMIN));
        return Map.copyOf(settings);
    }

    /** How a user logs in at Kafka, with the password. */
    String scram(String user) {
        return "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user + "\" password=\"" + password(user) + "\";";
    }

    /** For clients: believes this stack's servers and nobody else, by what the file of authorities holds now. */
    public synchronized SSLContext clients() {
        var believed = authorities();
        if (clients == null || !clients.believed.equals(believed)) {
            clients = new Clients(believed, context(null, believed));
        }
        return clients.context;
    }

    /** Made for these authorities. */
    private record Clients(List<X509Certificate> believed, SSLContext context) {}

    /** For a server: shows the certificate of that name, and believes clients whose certificate is of this stack. */
    public SSLContext server(String name) {
        certificate(name);
        try {
            return context(keys(name), authorities());
        } catch (GeneralSecurityException | IOException e) {
            throw new LocalException("Using the certificate of " + name + " in " + folder + " failed: " + e, e);
        }
    }

    private synchronized KeyManager[] keys(String name) throws GeneralSecurityException, IOException {
        var shown = KeyStore.getInstance("PKCS12");
        shown.load(null, null);
        shown.setEntry(name, CertificateAuthority.entry(signer(), name), new KeyStore.PasswordProtection(new char[0]));
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(shown, new char[0]);
        return keys.getKeyManagers();
    }

    /** More than one while an authority takes another's place. */
    private List<X509Certificate> authorities() {
        try {
            return read(authority());
        } catch (GeneralSecurityException | IOException e) {
            throw new LocalException("Reading the certificates in " + folder.resolve(AUTHORITY) + " failed: " + e, e);
        }
    }

    private SSLContext context(KeyManager[] shown, List<X509Certificate> authorities) {
        try {
            var believed = KeyStore.getInstance("PKCS12");
            believed.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                believed.setCertificateEntry("authority-" + i, authorities.get(i));
            }
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(believed);
            var context = SSLContext.getInstance("TLS");
            context.init(shown, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new LocalException("Using the certificates in " + folder + " failed: " + e, e);
        }
    }

    /** Makes certificates anew that end soon or whose authority does or is believed no more. To be called while nothing of the stack runs. */
    synchronized void renew() {
        var authority = folder.resolve(AUTHORITY);
        if (!Files.exists(authority)) {
            return;
        }
        try {
            var soon = Instant.now().plus(BEFORE_THE_END);
            // One that takes another's place stands beside it for a while.
            var lasting = read(authority).stream().filter(certificate -> isAfter(certificate, soon)).toList();
            var outdated = lasting.isEmpty() ? List.<String>of() : outdated(lasting, soon);
            if (lasting.isEmpty() || !outdated.isEmpty() && signer().root().filter(lasting::contains).isEmpty()) {
                renewAll();
            } else {
                outdated.forEach(name -> signer().issue(name, NAMES));
            }
        } catch (GeneralSecurityException | IOException e) {
            throw new LocalException("Renewing the certificates in " + folder + " failed: " + e, e);
        }
    }

    private static boolean isAfter(X509Certificate certificate, Instant time) {
        return certificate.getNotAfter().toInstant().isAfter(time);
    }

    /** The names of those that end until then, or that none of these authorities has signed. */
    private List<String> outdated(List<X509Certificate> authorities, Instant end) throws GeneralSecurityException, IOException {
        var names = new ArrayList<String>();
        for (var name : names(files())) {
            var file = signer().files(name).certificate();
            if (Files.exists(file)) {
                // With those that sign it, of which it may have several.
                var shown = read(file);
                if (!isAfter(shown.getFirst(), end) || authorities.stream().noneMatch(authority -> shown.stream().anyMatch(certificate -> isSignedBy(certificate, authority)))) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    private static boolean isSignedBy(X509Certificate shown, X509Certificate authority) {
        try {
            shown.verify(authority.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private void renewAll() throws IOException {
        // Where this is broken off, the next start finds the old authority, which ends soon, and begins again; or none, and no pair that it has signed.
        var old = files().stream().sorted(Comparator.comparing(Keyring::isOfAuthority).thenComparing(name -> name.endsWith(".p12"))).toList();
        for (var name : old) {
            Files.delete(folder.resolve(name));
        }
        clients = null;
        names(old).forEach(this::certificate);
    }

    /** Those of certificates and keys. */
    private List<String> files() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).filter(name -> name.matches(".*\\.(pem|key|p12)")).toList();
        }
    }

    private static List<String> names(List<String> files) {
        return files.stream().filter(name -> name.endsWith(KEY)).map(name -> name.substring(0, name.length() - KEY.length())).toList();
    }

    /** Deletes all of it. To be called while nothing of the stack runs. */
    synchronized void forget() {
        clients = null;
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new LocalException("Deleting the certificates and passwords in " + folder + " failed: " + e, e);
            }
        }
    }

    private static boolean isOfAuthority(String file) {
        return file.equals(AUTHORITY) || file.endsWith(".p12");
    }

    private static List<X509Certificate> read(Path pem) throws GeneralSecurityException, IOException {
        try (var in = Files.newInputStream(pem)) {
            var certificates = CertificateFactory.getInstance("X.509").generateCertificates(in).stream().map(X509Certificate.class::cast).toList();
            if (certificates.isEmpty()) {
                throw new CertificateException(pem + " holds no certificate");
            }
            return certificates;
        }
    }

    private void ownFolder() {
        try {
            Files.createDirectories(folder.getParent());
            OwnersAlone.folder(folder);
        } catch (IOException e) {
            throw new LocalException("Making the folder " + folder + " for certificates and passwords failed: " + e, e);
        }
    }
}
