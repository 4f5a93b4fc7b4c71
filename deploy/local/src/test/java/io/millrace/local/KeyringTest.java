package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that end soon, of an authority that does so too. */
class KeyringTest {

    private static final String[] SERVERS = {"kafka", "search"};

    @TempDir
    Path data;
    private Keyring keyring;
    private byte[] old;

    @BeforeEach
    void prepare() throws IOException {
        keyring = Keyring.in(data);
        var ending = new CertificateAuthority(keyring.folder());
        for (var server : SERVERS) {
            ending.issue(server, "dns:localhost");
        }
        old = Files.readAllBytes(ending.certificate());
    }

    @Test
    void allAreMadeAnewTogether() throws Exception {
        keyring.renew();
        assertRenewed();
    }

    @Test
    void clientsBelieveWhomTheFileOfAuthoritiesNamesNow() throws Exception {
        shakeHands(keyring.server("kafka"));
        var another = new CertificateAuthority(Files.createDirectories(data.resolve("another")));
        OwnersAlone.write(keyring.authority(), Files.readString(another.certificate()));
        var server = keyring.server("kafka");
        assertThrows(SSLException.class, () -> shakeHands(server));
        OwnersAlone.write(keyring.authority(), Files.readString(another.certificate()) + new String(old, StandardCharsets.US_ASCII));
        shakeHands(server);
    }

    private void shakeHands(SSLContext server) throws IOException {
        // What is opened last is closed first: the server's thread ends when its client has gone.
        try (var threads = Executors.newVirtualThreadPerTaskExecutor(); var door = server.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var client = (SSLSocket) keyring.clients().getSocketFactory().createSocket(door.getInetAddress(), door.getLocalPort())) {
            threads.submit(() -> {
                try (var accepted = (SSLSocket) door.accept()) {
                    accepted.startHandshake();
                    return accepted.getInputStream().read();
                }
            });
            client.startHandshake();
        }
    }

    @Test
    void aRenewalThatWasBrokenOffIsDoneByTheNextOne() throws Exception {
        var obstacle = Files.createDirectories(keyring.folder().resolve("zookeeper.key"));
        var inIt = Files.createFile(obstacle.resolve("x"));
        assertThrows(LocalException.class, keyring::renew);
        assertArrayEquals(old, Files.readAllBytes(keyring.folder().resolve("ca.pem")), "the old authority stays as long as a pair that it has signed may be there");
        Files.delete(inIt);
        Files.delete(obstacle);
        Stream.of(SERVERS).forEach(server -> assertDoesNotThrow(() -> keyring.certificate(server), "put together before the folder is claimed"));
        keyring.renew();
        assertRenewed();
    }

    @Test
    void whatAReplacedAuthorityHasSignedIsSignedByItsSuccessorWhoseOwnIsKept() throws Exception {
        replaceAuthority();
        var kept = Files.readString(keyring.certificate("services").certificate());
        keyring.renew();
        assertRenewed();
        assertEquals(kept, Files.readString(keyring.certificate("services").certificate()));
        var renewed = Files.readString(keyring.certificate("kafka").certificate());
        keyring.renew();
        assertEquals(renewed, Files.readString(keyring.certificate("kafka").certificate()), "nothing is left to do");
    }

    @Test
    void pairsOfAnEndingAuthorityAreMadeAnewThoughAnotherOneIsBelievedBesideIt() throws Exception {
        var another = CertificateAuthority.open(Files.createDirectories(data.resolve("another")), 397);
        OwnersAlone.write(keyring.authority(), Files.readString(another.certificate()) + new String(old, StandardCharsets.US_ASCII));
        keyring.renew();
        assertRenewed();
    }

    /** By one that lives longer and has signed the pair of the services alone. */
    private void replaceAuthority() throws IOException {
        var another = CertificateAuthority.open(Files.createDirectories(data.resolve("another")), 397);
        var services = another.issue("services", "dns:localhost");
        for (var file : List.of(another.certificate(), services.certificate(), services.key(), another.certificate().resolveSibling("authority.p12"))) {
            Files.move(file, keyring.folder().resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Test
    void aPairWhoseFilesAreMissingIsMadeAgain() throws Exception {
        Files.delete(keyring.certificate("kafka").key());
        assertTrue(Files.exists(keyring.certificate("kafka").key()));
    }

    private void assertRenewed() throws IOException, GeneralSecurityException {
        var authority = read(keyring.authority());
        assertFalse(Arrays.equals(old, Files.readAllBytes(keyring.authority())));
        for (var server : SERVERS) {
            var shown = read(keyring.certificate(server).certificate());
            assertDoesNotThrow(() -> shown.verify(authority.getPublicKey()), server);
        }
    }

    private static X509Certificate read(Path pem) throws IOException, GeneralSecurityException {
        try (var in = Files.newInputStream(pem)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
