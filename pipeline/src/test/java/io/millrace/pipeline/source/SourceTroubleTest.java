package io.millrace.pipeline.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.Reference;
import java.nio.file.Path;
import java.security.cert.CertificateExpiredException;
import java.sql.SQLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class SourceTroubleTest {

    private static final String URL = "jdbc:postgresql://db:5432/shop?sslmode=verify-full&sslrootcert=/etc/ca%20s/ca.pem&sslkey=/etc/key.der";
    private static final Reference FILE = new Reference.FromFile(Path.of("/etc/millrace/password"));

    private static String advice(Throwable cause) {
        return SourceTrouble.advice(new SQLException("SSL error: " + cause.getMessage(), "08006", cause), URL, FILE);
    }

    @Test
    void aRefusedPasswordIsNamedByItsPlace() {
        var refused = new SQLException("FATAL: password authentication failed for user \"millrace\"", "28P01");
        assertEquals("correct the user or the password that the pipeline file refers to, in the file /etc/millrace/password", SourceTrouble.advice(refused, URL, FILE));
        assertEquals("correct the user or the password that the pipeline file refers to, in the environment variable SECRET", SourceTrouble.advice(refused, URL, new Reference.Environment("SECRET")));
    }

    @Test
    void aServerThatIsNotBelievedIsToldWithTheFileOfWhomToBelieve() {
        var unknown = new SSLHandshakeException("PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target");
        assertEquals("the server's certificate is signed by nobody in sslrootcert of the URL (/etc/ca s/ca.pem); put the certificate of its authority there", advice(unknown));
        assertEquals("the server's certificate is signed by nobody in sslrootcert of the URL, which is not set; put the certificate of its authority there",
                SourceTrouble.advice(new SQLException("SSL error", "08006", unknown), "jdbc:postgresql://db/shop", FILE));
        assertEquals("the server's certificate, or one that signs it, is out of its time (NotAfter: yesterday); renew it there", advice(new SSLHandshakeException("PKIX path validation failed").initCause(new CertificateExpiredException("NotAfter: yesterday"))));
        assertEquals("the server's certificate is for another host; address it in the URL by a name that stands in the certificate",
                SourceTrouble.advice(new SQLException("The hostname db could not be verified by hostnameverifier PgjdbcHostnameVerifier.", "08006"), URL, FILE));
    }

    @Test
    void whoSpeaksPlainWhereTlsIsAskedForIsToldSo() {
        assertEquals("the server lets nobody in without TLS; set sslmode=verify-full and sslrootcert in the URL",
                SourceTrouble.advice(new SQLException("FATAL: no pg_hba.conf entry for host \"10.0.0.7\", user \"millrace\", database \"shop\", no encryption", "28000"), URL, FILE));
    }

    @Test
    void whatIsShownToTheServerIsNamedByItsFiles() {
        assertEquals("the server does not take the certificate that is shown, or that none is; correct sslcert of the URL, which is not set and sslkey of the URL (/etc/key.der)", advice(new SSLHandshakeException("Received fatal alert: certificate_required")));
    }

    @Test
    void aRightThatLacksIsAMatterOfTheRoleAndNotOfTheServer() {
        var refused = new SQLException("ERROR: permission denied for table monitor", "42501");
        assertTrue(SourceTrouble.isOfRights(refused));
        assertTrue(SourceTrouble.advice(refused, URL, FILE).startsWith("give the role that right: ./millrace apply "));
    }

    @Test
    void whateverElseIsLookedForAtTheServer() {
        assertEquals("check that it runs and that the URL is right", SourceTrouble.advice(new SQLException("Connection refused", "08001"), URL, FILE));
        assertEquals("correct the URL that the pipeline file refers to", SourceTrouble.advice(new SQLException("FATAL: database \"shop\" does not exist", "3D000"), URL, FILE));
    }
}
