package io.millrace.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Signs certificates with the JDK's keytool; its files, the keys among them, stay in one folder. */
public final class CertificateAuthority {

    private static final String PASSWORD = "changeit";
    private static final String ROOT = "root";
    private static final int LINE = 64;
    private static final int SHORT = 2;

    private final Path folder;
    private final Path store;
    private final int days;

    /** A certificate with those that sign it, and its key, as PEM. */
    public record Issued(Path certificate, Path key) {}

    /** A new one, whose files are in that folder; what it signs lives for two days. */
    public CertificateAuthority(Path folder) {
        this(folder, SHORT);
        create();
    }

    private CertificateAuthority(Path folder, int days) {
        this.folder = folder;
        this.store = folder.resolve("authority.p12");
        this.days = days;
    }

    /**
     * The one whose files are in that folder, or a new one where there is none.
     *
     * @param days for how long it and what it signs are good, each from when it is made
     */
    static CertificateAuthority open(Path folder, int days) {
        var authority = new CertificateAuthority(folder, days);
        if (!Files.exists(authority.certificate())) {
            authority.create();
        }
        return authority;
    }

    private void create() {
        try {
            Files.createDirectories(folder);
            // What a start that was broken off has left.
            Files.deleteIfExists(store);
        } catch (IOException e) {
            throw new LocalException("Making the folder " + folder + " for certificates failed: " + e.getMessage(), e);
        }
        generate("-alias", ROOT, "-dname", "CN=Millrace local", "-ext", "bc:c", "-validity", Integer.toString(days));
        write(certificate(), pem(read(ROOT)));
    }

    /** Its own, by which those that it signs are believed. */
    public Path certificate() {
        return folder.resolve("ca.pem");
    }

    /** Its own as its key store has it, which somebody may have exchanged; empty where there is no key store. */
    Optional<X509Certificate> root() {
        return Files.exists(store) ? Stream.of(read(ROOT)).map(X509Certificate.class::cast).findFirst() : Optional.empty();
    }

    /** @param names that stand in the certificate, such as {@code dns:localhost,ip:127.0.0.1} */
    public Issued issue(String alias, String names) {
        return issue(alias, names, 0);
    }

    /** @param age how many days ago its days began */
    public Issued issue(String alias, String names, int age) {
        if (isKnown(alias)) {
            // Of an earlier try, whose files did not come to be or are gone.
            keytool("-delete", "-alias", alias);
        }
        generate("-alias", alias, "-dname", "CN=" + alias, "-signer", ROOT, "-ext", "san=" + names, "-startdate", "-" + age + "d", "-validity", Integer.toString(days));
        var issued = files(alias);
        write(issued.certificate(), pem(read(alias)));
        try {
            write(issued.key(), pem("PRIVATE KEY", load().getKey(alias, PASSWORD.toCharArray()).getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new LocalException("Reading the key of " + alias + " from " + store + " failed: " + e.getMessage(), e);
        }
        return issued;
    }

    /** Where the certificate of that name is, or would be. */
    Issued files(String alias) {
        return new Issued(folder.resolve(alias + ".pem"), folder.resolve(alias + ".key"));
    }

    private boolean isKnown(String alias) {
        try {
            return load().containsAlias(alias);
        } catch (GeneralSecurityException e) {
            throw new LocalException("Looking for " + alias + " in " + store + " failed: " + e.getMessage(), e);
        }
    }

    private void generate(String... arguments) {
        keytool(Stream.concat(Stream.of("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1"), Stream.of(arguments)).toArray(String[]::new));
    }

    private void keytool(String... arguments) {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        command.addAll(1, List.of(arguments));
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new LocalException("keytool " + String.join(" ", arguments) + " failed: " + said.strip());
            }
            OwnersAlone.file(store);
        } catch (IOException e) {
            throw new LocalException("Running " + command.getFirst() + " failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LocalException("Interrupted while making a certificate", e);
        }
    }

    /** What a server shows who has that certificate. */
    static KeyStore.PrivateKeyEntry entry(CertificateAuthority authority, String alias) {
        try {
            return (KeyStore.PrivateKeyEntry) authority.load().getEntry(alias, new KeyStore.PasswordProtection(PASSWORD.toCharArray()));
        } catch (GeneralSecurityException e) {
            throw new LocalException("Reading " + alias + " from " + authority.store + " failed: " + e.getMessage(), e);
        }
    }

    private Certificate[] read(String alias) {
        try {
            return load().getCertificateChain(alias);
        } catch (GeneralSecurityException e) {
            throw new LocalException("Reading " + alias + " from " + store + " failed: " + e.getMessage(), e);
        }
    }

    private KeyStore load() throws GeneralSecurityException {
        try (var in = Files.newInputStream(store)) {
            var keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD.toCharArray());
            return keys;
        } catch (IOException e) {
            throw new LocalException("Reading " + store + " failed: " + e.getMessage(), e);
        }
    }

    private static String pem(Certificate[] chain) {
        var text = new StringBuilder();
        for (var certificate : chain) {
            try {
                text.append(pem("CERTIFICATE", certificate.getEncoded()));
            } catch (GeneralSecurityException e) {
                throw new LocalException("Writing a certificate failed: " + e.getMessage(), e);
            }
        }
        return text.toString();
    }

    private static String pem(String what, byte[] bytes) {
        return "-----BEGIN " + what + "-----\n" + Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(bytes) + "\n-----END " + what + "-----\n";
    }

    private static void write(Path file, String text) {
        OwnersAlone.write(file, text);
    }
}
