package io.millrace.pipeline.http;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/** Certificates and keys as text (RFC 7468). */
final class Pem {

    private static final Pattern KEY = Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private Pem() {}

    /** @throws CertificateException when there is none */
    static List<Certificate> certificates(byte[] text) throws CertificateException {
        var certificates = List.<Certificate>copyOf(CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(text)));
        if (certificates.isEmpty()) {
            throw new CertificateException("there is no certificate in it");
        }
        return certificates;
    }

    /** @throws GeneralSecurityException when there is none, or one of another form than PKCS#8 without a password */
    static PrivateKey key(byte[] text) throws GeneralSecurityException {
        var found = KEY.matcher(new String(text, StandardCharsets.US_ASCII));
        if (!found.find()) {
            throw new InvalidKeySpecException("there is no key of the form BEGIN PRIVATE KEY in it; make one of it with openssl pkcs8 -topk8 -nocrypt");
        }
        var form = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(found.group(1)));
        for (var algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(form);
            } catch (InvalidKeySpecException e) {
                continue;
            }
        }
        throw new InvalidKeySpecException("its key is none of " + ALGORITHMS);
    }
}
