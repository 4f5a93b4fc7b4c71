package io.millrace.tests.stack;

import io.millrace.local.Keyring;
import io.restassured.RestAssured;
import io.restassured.config.RestAssuredConfig;
import io.restassured.config.SSLConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;

/** Has RestAssured believe the services of a secured stack. */
final class Trust {

    private Trust() {}

    /** For every call of this run; does nothing for an open stack. */
    static void inServicesOf(DemoStack stack) {
        stack.stack().servers().keyring().ifPresent(keyring -> RestAssured.config = RestAssuredConfig.config().sslConfig(SSLConfig.sslConfig().trustStore(store(keyring))));
    }

    private static KeyStore store(Keyring keyring) {
        try (var in = Files.newInputStream(keyring.authority())) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("Reading " + keyring.authority() + " failed", e);
        }
    }
}
