package io.millrace.pipeline.http;

import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;

/** Says what a failed connection failed of, and which setting to look at. */
final class Trouble {

    private Trouble() {}

    /**
     * @param signers who signs the certificates that are believed
     * @param prefix of the keys
     */
    static String why(Throwable failure, String signers, String prefix) {
        Throwable deepest = failure;
        for (var at = failure; at != null; at = at.getCause() == at ? null : at.getCause()) {
            var message = String.valueOf(at.getMessage());
            if (at instanceof CertificateExpiredException || at instanceof CertificateNotYetValidException) {
                return "its certificate, or one that signs it, is out of its time (" + message + "); renew it there";
            }
            if (message.contains("unable to find valid certification path") || message.contains("Path does not chain with any of the trust anchors")) {
                return "its certificate is not signed by " + signers + "; put the certificate of its CA into the file of " + prefix + "ca-file";
            }
            if (message.contains("No subject alternative") || message.contains("No name matching") || message.contains("doesn't match any of the subject alternative names")) {
                return "its certificate is for another host (" + message + "); address it by a name that stands in the certificate";
            }
            if (message.contains("Unsupported or unrecognized SSL message") || message.contains("not an SSL/TLS record")) {
                return "it does not speak TLS there; correct the address";
            }
            if (message.contains("bad_certificate") || message.contains("certificate_required") || message.contains("certificate_unknown")) {
                return "it does not take the certificate that is shown to it (" + message + "); correct " + prefix + "certificate-file and " + prefix + "key-file";
            }
            deepest = at;
        }
        return deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
    }
}
